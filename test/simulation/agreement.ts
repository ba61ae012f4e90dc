/** Claims about all nodes of a simulated network. */
import { expect } from "vitest";
import { fromHex } from "../../protocol/bytes.ts";
import { asRoot, asValidatorIndex } from "../../protocol/ids.ts";
import type { Nodes } from "./nodes.ts";

/** Every node has executed every acknowledged transaction, all agree on every summary, and none has a problem. */
export const expectAgreement = async (nodes: Nodes, height: number): Promise<void> => {
  expect(nodes.fatal).toEqual([]);
  const first = await nodes.summaries(asValidatorIndex(0), height);
  expect(first).not.toContain("none");
  for (const other of nodes.indices.slice(1)) expect(await nodes.summaries(other, height)).toEqual(first);
  for (const id of nodes.acknowledged) {
    for (const at of nodes.indices) {
      const status = await nodes.ask(nodes.node(at).service.transaction(asRoot(fromHex(id) as Uint8Array)));
      expect([id, at, status?.status]).toEqual([id, at, "executed"]);
    }
  }
  for (const at of nodes.indices) expect(nodes.node(at).service.problems()).toEqual([]);
};
