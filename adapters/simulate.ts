/** What a bundle would come to at one tenant, on top of its newest sealed block. */
import type { BlockContext, BundleStep, Executor, SimulatedLeg } from "./adapter.ts";

/**
 * Takes these steps in a block of their own, which is dropped; gives the result of the last one, a leg. No block may be open.
 *
 * @throws LockstepError `wrong_state` when the context is not that of the next block
 */
export const simulate = async (
  executor: Executor,
  context: BlockContext,
  steps: readonly BundleStep[],
): Promise<SimulatedLeg | undefined> => {
  let last: SimulatedLeg | undefined;
  await executor.begin(context);
  try {
    for (const [i, step] of steps.entries()) {
      if (step.kind === "write") await executor.write(step.bytes);
      else {
        const executed = await executor.leg(step.leg);
        if (i === steps.length - 1) last = { ...executed, ...(await executor.explain(step.leg, executed)) };
      }
    }
  } finally {
    await executor.discard();
  }
  return last;
};
