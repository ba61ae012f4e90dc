/** Markdown tables that are readable as text, too. */

export type Column<Row> = { title: string; cell(row: Row): string };

/** The first column is text, the others are numbers and stand at the right. */
export const markdownTable = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string => {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ cell }) => cell(row)))].map(
    (line) => line.map((text) => text.replaceAll("|", "\\|")),
  );
  const widths = columns.map((_, at) => Math.max(3, ...cells.map((line) => line[at]?.length ?? 0)));
  const format = (line: readonly string[]) =>
    `| ${line.map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, at) => (at === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  const [head = [], ...body] = cells;
  return [format(head), rule, ...body.map(format)].join("\n");
};

/** Three significant digits, with a comma between thousands; a dash for what wasn't measured. */
export const number = (value: number | undefined): string =>
  value === undefined ? "–" : value.toLocaleString("en-US", { maximumSignificantDigits: 3 });
