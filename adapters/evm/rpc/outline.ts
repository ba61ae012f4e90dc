/** What many methods need of all receipts of a block, read without decoding them whole. */
import { LockstepError } from "../../../protocol/errors.ts";
import type { TenantBlock } from "../../adapter.ts";
import { decodeRlp, rlpInteger, rlpList, rlpNumber } from "../rlp.ts";

export type Outline = {
  /** Position in the block of each transaction's first log, and the number of all logs at the end. */
  firstLog: Uint32Array;
  gasUsed: readonly number[];
  /** What each transaction paid for a unit of gas, wei. */
  gasPrice: readonly bigint[];
};

/** Positions of fields in the adapter's receipt encoding (`receipt.ts`). */
const field = { gasUsed: 5, effectiveGasPrice: 7, logs: 9 } as const;

/** @throws LockstepError `undecodable` */
export const outlineOf = ({ transactions }: TenantBlock): Outline => {
  const firstLog = new Uint32Array(transactions.length + 1);
  const gasUsed: number[] = [];
  const gasPrice: bigint[] = [];
  for (const [index, { receipt }] of transactions.entries()) {
    const rlp = decodeRlp(receipt);
    if (!rlp.ok) throw new LockstepError("undecodable", `not a receipt: ${rlp.error.message}`);
    const fields = rlpList(rlp.value);
    gasUsed.push(rlpNumber(fields[field.gasUsed]));
    gasPrice.push(rlpInteger(fields[field.effectiveGasPrice]));
    firstLog[index + 1] = (firstLog[index] ?? 0) + rlpList(fields[field.logs]).length;
  }
  return { firstLog, gasUsed, gasPrice };
};
