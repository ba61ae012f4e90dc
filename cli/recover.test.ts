import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBlst, createSigner, generateSecretKey } from "../consensus/certificate/blst.ts";
import { toHex } from "../protocol/bytes.ts";
import { controlSigningRoot } from "../protocol/control.ts";
import { asDomain, asHeight, asRevision, asRoot } from "../protocol/ids.ts";
import { describeRecovery, parseSkip, proposeRecovery, readRecovery, recoveryText, signRecovery } from "./recover.ts";

const id = asRoot(new Uint8Array(32).fill(5));
const genesis = asRoot(new Uint8Array(32).fill(1));
const signers = [1, 2, 3].map((byte) => createSigner(generateSecretKey(new Uint8Array(32).fill(byte))));
const stuck = { certified: asHeight(11), revision: asRevision(0) };
const skip = [{ domain: asDomain(31337), height: asHeight(12), id }];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lockstep-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a recovery", () => {
  test("starts from what is certified, under the next revision", () => {
    const { body, signatures } = proposeRecovery(stuck, [asDomain(501), asDomain(2), asDomain(501)], skip);
    expect(body.value).toEqual({ base: 11, revision: 1, drop: [2, 501], skip });
    expect(signatures).toEqual([]);
    expect(describeRecovery(body.value)).toContain(`without ${toHex(id)} of tenant 31337 at height 12`);
  });

  test("goes from one operator to the next in a file, and each key signs once", async () => {
    const path = join(folder, "recovery.txt");
    let transaction = proposeRecovery(stuck, [], skip);
    for (const signer of [...signers, ...signers.slice(1)]) {
      transaction = signRecovery(genesis, transaction, [signer]);
      await writeFile(path, recoveryText(transaction));
      transaction = await readRecovery(path);
    }
    const root = controlSigningRoot(genesis, transaction.body);
    const bls = createBlst();
    expect(transaction.signatures.map(({ publicKey }) => publicKey)).toEqual(signers.map(({ publicKey }) => publicKey));
    for (const { publicKey, signature } of transaction.signatures) {
      expect(await bls.verify(publicKey, root, signature)).toBe(true);
    }
  });

  test.each(["", "0x", "nothing", "0x0102"])("is not read from a file with %j", async (content) => {
    const path = join(folder, "bad.txt");
    await writeFile(path, content);
    await expect(readRecovery(path)).rejects.toMatchObject({ code: expect.stringMatching(/^(bad_file|undecodable)$/) });
  });
});

describe("an entry to skip", () => {
  test("is named by domain, height and id", () => {
    expect(parseSkip(`31337:12:${toHex(id)}`)).toEqual(skip[0]);
  });

  test.each([
    "",
    "31337",
    "31337:12",
    "31337:12:0x05",
    `0:12:${toHex(id)}`,
    `31337:0:${toHex(id)}`,
    `x:1:${toHex(id)}`,
  ])("is not %j", (text) => {
    expect(() => parseSkip(text)).toThrow(expect.objectContaining({ code: "bad_flag" }));
  });
});
