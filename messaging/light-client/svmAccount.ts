/** An SVM tenant's account: a `getAccountProof` answer checked against a certified state root. */
import * as z from "zod";
import { addressBytes, type ProvenSvmAccount, verifyAccount } from "../../adapters/svm/proof.ts";
import { fromHex } from "../../protocol/bytes.ts";
import { failure } from "../../protocol/errors.ts";
import type { Root } from "../../protocol/ids.ts";
import type { Proof } from "./refusal.ts";

const bytes = z.string().transform((text, context): Uint8Array => {
  const read = fromHex(text);
  if (read !== undefined) return read;
  context.addIssue("expected hexadecimal bytes");
  return z.NEVER;
});

const getAccountProofAnswer = z.object({
  value: z.object({
    account: bytes.nullable(),
    siblings: z.array(bytes).max(256),
    other: z.object({ path: bytes, value: bytes }).nullable(),
  }),
});

/** What `answer` proves about the account at `address` (base58) under `stateRoot`: it, or that there is none. */
export const proveSvmAccount = (
  stateRoot: Root,
  address: string,
  answer: unknown,
): Proof<ProvenSvmAccount | undefined> => {
  const key = addressBytes(address);
  if (key === undefined) return failure("wrong_account", `${address.slice(0, 80)} is no Solana address`);
  const parsed = getAccountProofAnswer.safeParse(answer);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join(".") || "answer";
    return failure("malformed_answer", `getAccountProof's ${where} is malformed: ${issue?.message}`);
  }
  const { account, siblings, other } = parsed.data.value;
  return verifyAccount(stateRoot, key, {
    ...(account === null ? {} : { account }),
    siblings,
    ...(other === null ? {} : { other }),
  });
};
