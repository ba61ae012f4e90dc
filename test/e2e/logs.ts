/** What validators wrote into their logs. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export type LogLine = { time: string; msg: string } & Record<string, unknown>;

/** Lines about an event in the log of the validator in `folder`, over all its runs, from a time on. */
export const logged = async (folder: string, event: string, since = 0): Promise<LogLine[]> => {
  const lines = (await readFile(join(folder, "node.log"), "utf8")).split("\n");
  return lines
    .filter((line) => line.endsWith("}") && line.includes(`"msg":"${event}"`))
    .map((line) => JSON.parse(line) as LogLine)
    .filter(({ time }) => Date.parse(time) >= since);
};

/** Events that honest validators never give each other a reason for. */
export const accusations = async (folders: readonly string[]): Promise<LogLine[]> => {
  const events = ["equivocation", "conflict", "forgedVotes", "halted", "the node can't go on"];
  const found = folders.flatMap((folder) => events.map((event) => logged(folder, event)));
  return (await Promise.all(found)).flat();
};
