/** An EVM tenant's account and slots: an `eth_getProof` answer checked against a certified state root. */
import * as z from "zod";
import { type ProvenAccount, verifyProof } from "../../adapters/evm/proof.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { failure, success } from "../../protocol/errors.ts";
import type { Root } from "../../protocol/ids.ts";
import type { Proof } from "./refusal.ts";

export type ProvenState = {
  exists: boolean;
  account: ProvenAccount;
  /** Values of the asked slots, in their order; zero where nothing is stored. */
  slots: bigint[];
};

const quantity = z
  .string()
  .regex(/^0x(?:0|[1-9a-f][0-9a-f]{0,63})$/)
  .transform(BigInt);
const data = z.string().regex(/^0x(?:[0-9a-f]{2})*$/) as unknown as z.ZodType<Hex>;
const nodes = z.array(data).max(128);

/** Answer of EIP-1186; `key` may be a quantity or 32 bytes. */
const getProofAnswer = z.object({
  address: data,
  balance: quantity,
  nonce: quantity.transform(Number),
  codeHash: data,
  storageHash: data,
  accountProof: nodes,
  storageProof: z
    .array(z.object({ key: z.string().regex(/^0x[0-9a-f]{1,64}$/), value: quantity, proof: nodes }))
    .max(1024),
});

const word = (key: string): Hex => `0x${key.slice(2).padStart(64, "0")}`;

/** Lower case; lets addresses with a checksum in. */
const lowered = (json: unknown): unknown =>
  typeof json === "object" && json !== null && "address" in json && typeof json.address === "string"
    ? { ...json, address: json.address.toLowerCase() }
    : json;

/**
 * What `answer` proves about `address` (20 bytes) and `slots` (32 bytes each) under `stateRoot`. Every
 * claim in the answer must be proven, and it must be about what was asked.
 */
export const proveState = (
  stateRoot: Root,
  address: Hex,
  slots: readonly Hex[],
  answer: unknown,
): Proof<ProvenState> => {
  const parsed = getProofAnswer.safeParse(lowered(answer));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return failure(
      "malformed_answer",
      `eth_getProof's ${issue?.path.join(".") || "answer"} is malformed: ${issue?.message}`,
    );
  }
  const claimed = {
    ...parsed.data,
    storageProof: parsed.data.storageProof.map((slot) => ({ ...slot, key: word(slot.key) })),
  };
  const asked = slots.map((slot) => word(slot.toLowerCase()));
  if (claimed.address !== address.toLowerCase()) {
    return failure("wrong_account", `eth_getProof answers for ${claimed.address}, asked was ${address}`);
  }
  if (claimed.storageProof.map(({ key }) => key).join() !== asked.join()) {
    return failure("wrong_account", "eth_getProof answers for other slots than were asked");
  }
  const verified = verifyProof(stateRoot, claimed);
  if (!verified.ok) return verified;
  return success({ ...verified.value, slots: claimed.storageProof.map(({ value }) => value) });
};
