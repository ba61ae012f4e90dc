/** A recovery as validators' operators agree on it: each signs the same one, and whoever has two thirds hands it in. */

import type { BlsSigner } from "../consensus/certificate/bls.ts";
import { equalBytes, fromHex, toHex } from "../protocol/bytes.ts";
import {
  type ControlTransaction,
  decodeControl,
  encodeControl,
  type Recovery,
  type SkippedEntry,
} from "../protocol/control.ts";
import { LockstepError } from "../protocol/errors.ts";
import { asDomain, asHeight, asRevision, asRoot, type Domain, type Root } from "../protocol/ids.ts";
import type { StatusWire } from "../protocol/wire.ts";
import { signControl } from "../sequencer/control/commands.ts";
import { readBytes } from "./file.ts";
import { fileLimits } from "./limits.ts";

export type RecoveryTransaction = Omit<ControlTransaction, "body"> & { body: { kind: "recover"; value: Recovery } };

const wrong = (message: string): LockstepError => new LockstepError("bad_flag", message);

/** `domain:height:id`, as a quarantine names height and id of what an executor died of. */
export const parseSkip = (text: string): SkippedEntry => {
  const [domain, height, id, ...rest] = text.split(":");
  const leaf = fromHex(id ?? "");
  const isWhole = /^[1-9]\d{0,9}$/.test(domain ?? "") && /^[1-9]\d{0,14}$/.test(height ?? "") && rest.length === 0;
  if (!isWhole || Number(domain) >= 2 ** 32 || leaf?.length !== 32) {
    throw wrong(`${text} names no entry: give its domain, height and id, such as 31337:120:0x… with 64 digits`);
  }
  return { domain: asDomain(Number(domain)), height: asHeight(Number(height)), id: asRoot(leaf) };
};

/** From the newest height that a node says is certified, under the revision after the one that it says is in force. */
export const proposeRecovery = (
  { certified, revision }: Pick<StatusWire, "certified" | "revision">,
  drop: readonly Domain[],
  skip: readonly SkippedEntry[],
): RecoveryTransaction => ({
  body: {
    kind: "recover",
    value: {
      base: certified,
      revision: asRevision(revision + 1),
      drop: [...new Set(drop)].sort((a, b) => a - b),
      skip: [...skip],
    },
  },
  signatures: [],
});

/** @throws LockstepError `unreadable_file`, `bad_file` */
export const readRecovery = async (path: string): Promise<RecoveryTransaction> => {
  const bad = (why: string): LockstepError =>
    new LockstepError("bad_file", `${path} holds no recovery: ${why}`, { path });
  const text = await readBytes(path, "recovery", fileLimits.jsonBytes);
  const bytes = fromHex(text.toString("utf8").trim());
  if (bytes === undefined) throw bad("it is written with --to, in hexadecimal");
  const { body, signatures } = decodeControl(bytes);
  if (body.kind !== "recover") throw bad(`it is a control transaction of another kind, ${body.kind}`);
  return { body, signatures };
};

/** Adds signatures; one of a key that has signed already changes nothing. */
export const signRecovery = (
  genesis: Root,
  { body, signatures }: RecoveryTransaction,
  signers: readonly BlsSigner[],
): RecoveryTransaction => {
  const fresh = signers
    .filter(({ publicKey }) => !signatures.some((each) => equalBytes(each.publicKey, publicKey)))
    .flatMap((signer) => decodeControl(signControl(signer, genesis, body)).signatures);
  return { body, signatures: [...signatures, ...fresh] };
};

export const recoveryText = (transaction: RecoveryTransaction): string => `${toHex(encodeControl(transaction))}\n`;

/** What it does, for whoever is about to sign. */
export const describeRecovery = ({ base, revision, drop, skip }: Recovery): string =>
  [
    `Revision ${revision}: heights from ${base + 1} on are executed again,`,
    ...drop.map((domain) => `  without tenant ${domain}, for good,`),
    ...skip.map(({ domain, height, id }) => `  without ${toHex(id)} of tenant ${domain} at height ${height},`),
    `on top of height ${base}, which is certified. What is certified stays.`,
  ].join("\n");
