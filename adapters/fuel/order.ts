/** The order of a slice in Fuel: as it was ordered, but what a transaction spends is put out before. */
import type { Hex } from "../../protocol/bytes.ts";

export type Dependent = {
  readonly id: Hex /** Transactions whose outputs it spends. */;
  readonly parents: readonly Hex[];
};

/**
 * Positions in the order of execution. A transaction stands where it was ordered, unless one behind it puts out a coin that
 * it spends: then that one goes right before it.
 */
export const dependencyOrder = (entries: readonly Dependent[]): number[] => {
  const positions = new Map(entries.map(({ id }, i) => [id, i]));
  const isPlaced = new Set<number>();
  const order: number[] = [];
  for (const start of entries.keys()) {
    const stack = [start];
    for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
      const parent = (entries[at] as Dependent).parents
        .map((id) => positions.get(id))
        .find((position) => position !== undefined && !isPlaced.has(position));
      if (parent !== undefined && !isPlaced.has(at)) {
        stack.push(parent);
        continue;
      }
      stack.pop();
      if (isPlaced.has(at)) continue;
      isPlaced.add(at);
      order.push(at);
    }
  }
  return order;
};
