/** What the mempool refuses beyond what a VM does. */
import type { TransactionFacts } from "../../adapters/adapter.ts";
import type { TenantBudget } from "../../protocol/budget.ts";
import { failure, type Result } from "../../protocol/errors.ts";

/** What no batch could ever hold. */
export const refuseOversized = <F extends TransactionFacts>(
  { gas, bytes }: TenantBudget,
  size: number,
  inspection: Result<F>,
): Result<F> => {
  if (!inspection.ok) return inspection;
  const { gas: asked } = inspection.value;
  if (asked > gas.largest) {
    return failure("gas_limit", `its gas limit is ${asked}, a transaction has at most ${gas.largest}`, { gas: asked });
  }
  return size <= bytes.burst ? inspection : failure("oversized", `${size} bytes, at most ${bytes.burst} are taken`);
};

/** For new transactions only: what was acknowledged waits for its end, whatever fees do meanwhile. */
export const refuseBelowFloor = <F extends TransactionFacts>(inspection: Result<F>): Result<F> => {
  if (!inspection.ok) return inspection;
  const { price, floor = 0n } = inspection.value;
  if (price.max >= floor) return inspection;
  const message = `max fee per gas less than block base fee: maxFeePerGas: ${price.max}, baseFee: ${floor}`;
  return failure("fee_too_low", message, { maxFeePerGas: price.max.toString(), baseFee: floor.toString() });
};
