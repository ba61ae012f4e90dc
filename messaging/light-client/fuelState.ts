/** A Fuel tenant's coin or contract slot: a state proof of its GraphQL checked against a certified state root. */
import * as z from "zod";
import { type FuelProof, type ProvenCoin, verifyCoin, verifySlot } from "../../adapters/fuel/proof.ts";
import { fromHex, type Hex } from "../../protocol/bytes.ts";
import { failure, success } from "../../protocol/errors.ts";
import type { Root } from "../../protocol/ids.ts";
import type { Proof } from "./refusal.ts";

export type FuelUtxoId = { txId: Hex; index: number };

const fields = "{ value siblings other { path value } }";

export const coinProofQuery = `query coinProof($utxoId: UtxoId!, $blockHeight: U32) {
  proof: coinProof(utxoId: $utxoId, blockHeight: $blockHeight) ${fields}
}`;

export const slotProofQuery = `query slotProof($contract: ContractId!, $slot: Bytes32!, $blockHeight: U32) {
  proof: contractSlotProof(contract: $contract, slot: $slot, blockHeight: $blockHeight) ${fields}
}`;

const bytes = z.string().transform((text, context): Uint8Array => {
  const read = fromHex(text);
  if (read !== undefined) return read;
  context.addIssue("expected hexadecimal bytes");
  return z.NEVER;
});

const proofAnswer = z.object({
  proof: z.object({
    value: bytes.nullable(),
    siblings: z.array(bytes).max(256),
    other: z.object({ path: bytes, value: bytes }).nullable(),
  }),
});

const readProof = (answer: unknown): Proof<FuelProof> => {
  const parsed = proofAnswer.safeParse(answer);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join(".") || "answer";
    return failure("malformed_answer", `the state proof's ${where} is malformed: ${issue?.message}`);
  }
  const { value, siblings, other } = parsed.data.proof;
  return success({ ...(value === null ? {} : { value }), siblings, ...(other === null ? {} : { other }) });
};

/** An utxo id as Fuel writes it: transaction and index in hexadecimal, 34 bytes. */
export const utxoText = ({ txId, index }: FuelUtxoId): Hex => `${txId}${index.toString(16).padStart(4, "0")}`;

/** What `answer` proves about a coin under `stateRoot`: it, or that it isn't there (any more). */
export const proveFuelCoin = (stateRoot: Root, utxoId: FuelUtxoId, answer: unknown): Proof<ProvenCoin | undefined> => {
  const proof = readProof(answer);
  return proof.ok ? verifyCoin(stateRoot, utxoId, proof.value) : proof;
};

/** What `answer` proves about a contract's slot under `stateRoot`: its value, or that there is none. */
export const proveFuelSlot = (
  stateRoot: Root,
  contractId: Hex,
  slot: Hex,
  answer: unknown,
): Proof<Uint8Array | undefined> => {
  const proof = readProof(answer);
  return proof.ok ? verifySlot(stateRoot, contractId, slot, proof.value) : proof;
};
