import { expect, test } from "vitest";
import { markdownTable, number } from "./table.ts";

test("a table is Markdown with text at the left and numbers at the right", () => {
  const rows = [
    { name: "a", rate: 5 },
    { name: "long | name", rate: 1234.5 },
  ];
  const columns = [
    { title: "what", cell: ({ name }: (typeof rows)[0]) => name },
    { title: "tx/s", cell: ({ rate }: (typeof rows)[0]) => number(rate) },
  ];
  expect(markdownTable(columns, rows)).toBe(
    [
      "| what         |  tx/s |",
      "|--------------|------:|",
      "| a            |     5 |",
      "| long \\| name | 1,230 |",
    ].join("\n"),
  );
});

test("numbers keep three digits, and nothing is a dash", () => {
  expect([0.12345, 1.006, 99.96, 123_456, undefined].map(number)).toEqual(["0.123", "1.01", "100", "123,000", "–"]);
});
