/** Control transactions as they travel: signed, decoded, and which signatures under them hold. */
import type { BlsSigner, BlsVerifier } from "../../consensus/certificate/bls.ts";
import {
  type ControlBody,
  type ControlTransaction,
  controlDomain,
  controlSigningRoot,
  decodeControl,
  encodeControl,
} from "../../protocol/control.ts";
import type { PublicKey, Root } from "../../protocol/ids.ts";
import type { HeldBatch } from "../batch/held.ts";
import { type SliceEntry, slicesOf } from "../block/payload.ts";
import type { Command } from "./ledger.ts";

/** Keys whose signatures under a control transaction hold. */
export const signersOf = async (
  bls: Pick<BlsVerifier, "verify">,
  genesis: Root,
  { body, signatures }: ControlTransaction,
): Promise<PublicKey[]> => {
  const root = controlSigningRoot(genesis, body);
  const hold = await Promise.all(signatures.map(({ publicKey, signature }) => bls.verify(publicKey, root, signature)));
  return signatures.filter((_, i) => hold[i]).map(({ publicKey }) => publicKey);
};

/** A control transaction with the one signature that most take: a tenant's owner's, or a validator's. */
export const signControl = (
  signer: Pick<BlsSigner, "publicKey" | "sign">,
  genesis: Root,
  body: ControlBody,
): Uint8Array => {
  const signature = signer.sign(controlSigningRoot(genesis, body));
  return encodeControl({ body, signatures: [{ publicKey: signer.publicKey, signature }] });
};

/** The unit of gas of a control transaction is a signature to be checked. */
export const controlGas = ({ body, signatures }: ControlTransaction): number =>
  signatures.length + (body.kind === "withdraw" ? 1 : 0);

const readEntry = async (
  bls: Pick<BlsVerifier, "verify">,
  genesis: Root,
  { bytes, leaf, declarations }: SliceEntry,
): Promise<Command | undefined> => {
  let transaction: ControlTransaction;
  try {
    transaction = decodeControl(bytes);
  } catch {
    return undefined;
  }
  if (declarations.every(({ gas }) => gas !== controlGas(transaction))) return undefined;
  return { id: leaf, body: transaction.body, signers: await signersOf(bls, genesis, transaction) };
};

/** The commands of a block, in its order; what is none is passed over. */
export const readCommands = async (
  bls: Pick<BlsVerifier, "verify">,
  genesis: Root,
  batches: readonly HeldBatch[],
): Promise<Command[]> => {
  if (!batches.some(({ loads }) => loads.has(controlDomain))) return [];
  const entries = slicesOf(batches).get(controlDomain) ?? [];
  const commands = await Promise.all(entries.map((entry) => readEntry(bls, genesis, entry)));
  return commands.filter((each) => each !== undefined);
};
