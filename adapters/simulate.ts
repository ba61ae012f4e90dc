/** What a bundle would come to at one tenant, on top of its newest sealed block. */
import { asHeight } from "../protocol/ids.ts";
import type { BlockContext, BundleStep, Executor, Seal, SimulatedLeg } from "./adapter.ts";

export type Simulating = Executor & {
  /**
   * Takes these steps in a block of their own, which is dropped; gives the result of the last one, a leg. No block may
   * be open. Where blocks were sealed since the context was made, the block is the one after them.
   */
  simulate(context: BlockContext, steps: readonly BundleStep[]): Promise<SimulatedLeg | undefined>;
};

type Sealed = Pick<BlockContext, "height" | "number" | "timestampMs"> & Pick<Seal, "blockHash">;

/** The context of a block that follows what was sealed meanwhile. */
const behind = (context: BlockContext, { height, number, timestampMs, blockHash }: Sealed): BlockContext =>
  number < context.number
    ? context
    : {
        ...context,
        ...{ height: asHeight(height + 1), number: number + 1, parentHash: blockHash },
        timestampMs: Math.max(context.timestampMs, timestampMs),
      };

const simulateAt = async (
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

/** The same executor, which also simulates. */
export const withSimulation = (executor: Executor): Simulating => {
  let open: BlockContext | undefined;
  let sealed: Sealed | undefined;
  return {
    ...executor,
    begin: async (context) => {
      open = context;
      await executor.begin(context);
    },
    seal: async () => {
      const seal = await executor.seal();
      if (open !== undefined) sealed = { ...open, blockHash: seal.blockHash };
      return seal;
    },
    simulate: (context, steps) => simulateAt(executor, sealed === undefined ? context : behind(context, sealed), steps),
  };
};
