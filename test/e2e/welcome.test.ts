import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";
import { welcome } from "../../devnet/screen.ts";

const run = promisify(execFile);
const shared = inject("devnet");

/** The commands on the screen, as somebody pastes them: each begins with a comment. */
const commands = welcome(shared)
  .split("To paste into another terminal\n")[1]
  ?.split(/^ {2}# .*$/m)
  .map((text) => text.replace(/Ctrl-C ends everything\.\s*$/, "").trim())
  .filter((text) => text !== "");

const paste = async (command: string | undefined): Promise<string> => {
  const { stdout } = await run("sh", ["-c", command ?? "false"], { cwd: join(import.meta.dirname, "../..") });
  return stdout;
};

test("the screen offers commands that do what they say", async () => {
  expect(commands).toHaveLength(6);
  const [transfer, airdrop, pay, fuelTransfer, data, verify] = commands ?? [];
  expect(await paste(transfer)).toMatch(/status: 'success'/);
  expect(await paste(airdrop)).toMatch(/^[1-9A-HJ-NP-Za-km-z]{32,44} 5000000000\n$/);
  expect(await paste(pay)).toMatch(/execution_status: 'SUCCEEDED'/);
  expect(await paste(fuelTransfer)).toMatch(/^0x[0-9a-f]{64} success 0x[0-9a-f]{64}\n$/);
  expect(JSON.parse(await paste(data))).toEqual([{ id: expect.any(String), nativeId: expect.any(String) }]);
  expect(await paste(verify)).toMatch(/proven: .*certified/);
});
