import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toHex } from "../protocol/bytes.ts";
import { asBundleId, asDomain, asHeight, asRoot } from "../protocol/ids.ts";
import { readBundleFile, withBundle } from "./bundleFile.ts";
import { simulationText, statusText } from "./bundleText.ts";
import { main } from "./main.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lockstep-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const written = async (content: unknown): Promise<string> => {
  const file = join(folder, "bundle.json");
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
};

const evmLeg = { vm: "evm", key: "dev:1", to: `0x${"aa".repeat(20)}`, value: "5" };
const fuelLeg = { vm: "fuel", key: `0x${"11".repeat(32)}`, pay: { to: `0x${"aa".repeat(32)}`, amount: "5" } };
const whole = { sponsor: "dev:0", legs: [evmLeg, fuelLeg] };

describe("a bundle file", () => {
  test("is read as it stands", async () => {
    expect(await readBundleFile(await written(whole))).toEqual(whole);
  });

  test.each([
    ["no JSON", "{", /is not JSON/],
    ["one leg", { ...whole, legs: [evmLeg] }, /wrong at legs/],
    ["an unknown VM", { ...whole, legs: [evmLeg, { vm: "move", key: "dev:1" }] }, /wrong at legs\.1\.vm/],
    ["an amount as a number", { ...whole, legs: [{ ...evmLeg, value: 5 }, fuelLeg] }, /legs\.0\.value/],
    ["an amount with a point", { ...whole, legs: [{ ...evmLeg, value: "0.5" }, fuelLeg] }, /amount in digits/],
    ["a short address", { ...whole, legs: [{ ...evmLeg, to: "0xaa" }, fuelLeg] }, /20 bytes in hexadecimal/],
    ["a devnet account that isn't", { ...whole, sponsor: "dev:10" }, /wrong at sponsor/],
    ["a field that nobody knows", { ...whole, fee: "5" }, /fee/],
  ])("with %s is refused with its field", async (_, content, sentence) => {
    const file = await written(content);
    await expect(readBundleFile(file)).rejects.toMatchObject({
      code: "bad_file",
      message: expect.stringMatching(sentence),
    });
    const errors: string[] = [];
    const output = { out: () => {}, err: (text: string) => void errors.push(text) };
    expect(await main(["bundle", "send", "http://127.0.0.1:1", "--file", file], output)).toBe(1);
    expect(errors.join("")).toMatch(sentence);
  });

  test("names its bundle's id where it stands for it", () => {
    expect(withBundle("0x01{bundle}02{bundle}", "ff".repeat(32))).toBe(`0x01${"ff".repeat(32)}02${"ff".repeat(32)}`);
  });
});

describe("what became of a bundle", () => {
  const id = asBundleId(new Uint8Array(32).fill(1));
  const [first, second] = [asDomain(1), asDomain(2)];
  const leg = asRoot(new Uint8Array(32));

  test("is told with its legs, or with why not and the price", () => {
    const legs = [
      { domain: first, id: leg, nativeId: "0xaa" as const },
      { domain: second, id: leg, nativeId: "0xbb" as const },
    ];
    const at = { id, height: asHeight(7), index: 0 };
    expect(statusText({ ...at, status: "committed", legs, charged: [] })).toBe(
      `${toHex(id)} committed at height 7\n  leg 0, domain 1: 0xaa\n  leg 1, domain 2: 0xbb\n`,
    );
    const undone = {
      reason: "leg_failed",
      failedLeg: 1,
      failure: "out of gas",
      charged: [{ domain: first, amount: 9n }],
    };
    expect(statusText({ ...at, status: "aborted", legs: [], ...undone })).toBe(
      `${toHex(id)} aborted at height 7: leg_failed at leg 1: out of gas\n  the sponsor paid 9 at domain 1\n`,
    );
    expect(statusText({ id, status: "pending", legs: [], charged: [] })).toBe(`${toHex(id)} pending\n`);
  });

  test("is foretold leg by leg", () => {
    const simulated = { fee: 3n, logs: [], sent: [], consumed: [] };
    const text = simulationText({
      id,
      committed: false,
      failure: { code: "leg_failed", leg: 1, message: "it reverts" },
      legs: [
        { ...simulated, succeeded: true, gas: 100, gasUsed: 50 },
        { ...simulated, succeeded: false, gas: 100, gasUsed: 100, reason: "no" },
      ],
      charged: [{ domain: second, amount: 4n }],
    });
    expect(text).toBe(
      [
        `${toHex(id)} would be undone: leg_failed at leg 1: it reverts`,
        "  leg 0: succeeds, 50 gas of at most 100, fee 3",
        "  leg 1: fails, 100 gas of at most 100, fee 3: no",
        "  the sponsor would pay 4 at domain 2",
        "",
      ].join("\n"),
    );
  });
});
