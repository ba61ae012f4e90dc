import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import { createFuelChain, type FuelChain } from "../../../test/fixtures/fuelChain.ts";
import type { RpcServer } from "../../adapter.ts";
import { transactionId, zero32 } from "../codec.ts";
import { baseAssetId } from "../params.ts";
import { alice, buildEngine, genesisUtxo, sign } from "../testChain.ts";
import type { ScriptTransaction } from "../transaction.ts";
import { serveFuelRpc } from "./server.ts";

const chainId = 9889;
let chain: FuelChain;
let server: RpcServer;
let coins = 0;

beforeAll(async () => {
  await buildEngine();
  chain = await createFuelChain(Array.from({ length: 20 }, () => ({ owner: alice.address, amount: "1000000000" })));
  server = await serveFuelRpc(chain.services, { host: "127.0.0.1", port: 0 });
}, 900_000);
afterAll(async () => {
  await server.close();
  await chain.close();
});

/** Spends a coin of its own each time, or the one given. */
const spending = (parts: { coin?: number; tip?: bigint; script?: Hex } = {}): { tx: Hex; id: Hex; coin: number } => {
  const { coin = coins++, tip = 0n, script = "0x24000000" } = parts;
  const transaction: ScriptTransaction = {
    ...{ kind: "script", scriptGasLimit: 10_000n, receiptsRoot: zero32, script, scriptData: "0x" },
    policies: { tip, maxFee: 100_000n },
    inputs: [
      {
        ...{ kind: "coin", utxoId: genesisUtxo(coin), owner: alice.address, amount: 1_000_000_000n },
        ...{ assetId: baseAssetId, txPointer: { height: 0, index: 0 }, witnessIndex: 0 },
        ...{ predicateGasUsed: 0n, predicate: "0x", predicateData: "0x" },
      },
    ],
    outputs: [{ kind: "change", to: alice.address, amount: 0n, assetId: baseAssetId }],
    witnesses: ["0x"],
  };
  return { tx: toHex(sign(transaction, alice, chainId)), id: transactionId(chainId, transaction), coin };
};

const statuses = `{
  __typename
  ... on SuccessStatus { blockHeight }
  ... on FailureStatus { reason }
  ... on SqueezedOutStatus { reason }
  ... on PreconfirmationSuccessStatus { resolvedOutputs { utxoId output { ... on ChangeOutput { amount } } } }
}`;
type Event = Record<string, unknown> & { __typename: string };

const open = async (query: string, variables: object) => {
  const response = await fetch(server.ws, { method: "POST", body: JSON.stringify({ query, variables }) });
  return {
    /** All events, once there are no more. */
    events: async (): Promise<Event[]> => {
      const frames = (await response.text()).split("\n\n").filter((frame) => frame.startsWith("data:"));
      return frames.map((frame) => {
        const { data, errors } = JSON.parse(frame.slice(5)) as { data?: Record<string, Event>; errors?: unknown };
        return Object.values(data ?? {})[0] ?? ({ __typename: "error", errors } as Event);
      });
    },
  };
};
const submit = (tx: Hex, preconfirmation = false) =>
  open(
    `subscription ($tx: HexString!, $p: Boolean) { submitAndAwaitStatus(tx: $tx, includePreconfirmation: $p) ${statuses} }`,
    { tx, p: preconfirmation },
  );
const watch = (id: Hex) => open(`subscription ($id: TransactionId!) { statusChange(id: $id) ${statuses} }`, { id });
const types = (events: readonly Event[]) => events.map(({ __typename }) => __typename);

describe("the statuses of a transaction", () => {
  it("are submitted, then success when it is executed", async () => {
    const events = await (await submit(spending().tx)).events();
    expect(types(events)).toEqual(["SubmittedStatus", "SuccessStatus"]);
    expect(Number(events[1]?.blockHeight)).toBeGreaterThan(0);
  });

  it("have a preconfirmation in between where that is asked for, with what it puts out", async () => {
    const { tx, id } = spending();
    const events = await (await submit(tx, true)).events();
    expect(types(events)).toEqual(["SubmittedStatus", "PreconfirmationSuccessStatus", "SuccessStatus"]);
    expect(events[1]?.resolvedOutputs).toEqual([
      { utxoId: `${id}0000`, output: { amount: expect.stringMatching(/^99\d+$/) } },
    ]);
  });

  it("end with a failure and its reason when it reverts", async () => {
    const events = await (await submit(spending({ script: "0x36040000" }).tx)).events();
    expect(types(events)).toEqual(["SubmittedStatus", "FailureStatus"]);
    expect(events[1]?.reason).toBe("Revert(1)");
  });

  it("are one error when it is not taken in", async () => {
    const { tx } = spending();
    await (await submit(tx)).events();
    const [error, ...more] = await (await submit(tx)).events();
    expect([JSON.stringify(error?.errors), more]).toEqual([expect.stringMatching(/not taken in/), []]);
  });

  it("are told to who waited before it was sent, and to who comes when it is over", async () => {
    const { tx, id } = spending();
    const early = await watch(id);
    await (await submit(tx)).events();
    expect(types(await early.events()).at(-1)).toBe("SuccessStatus");
    expect(types(await (await watch(id)).events())).toEqual(["SuccessStatus"]);
  });

  it("begin with submitted for one that waits, and end with squeezed out for one that is left out", async () => {
    chain.hold(true);
    const first = spending();
    const second = spending({ coin: first.coin, tip: 5n });
    const sent = [await submit(first.tx), await submit(second.tx)];
    const watching = await watch(first.id);
    chain.hold(false);
    for (let i = 0; i < 3; i++) await chain.mine();
    const ends = await Promise.all(sent.map(async (each) => types(await each.events()).at(-1)));
    expect(ends.toSorted()).toEqual(["SqueezedOutStatus", "SuccessStatus"]);
    expect(types(await watching.events())).toEqual(["SubmittedStatus", ends[0]]);
  });

  it("are asked for by query too", async () => {
    chain.hold(true);
    const { tx, id } = spending();
    const stream = await submit(tx);
    const query = `query ($id: TransactionId!) { transaction(id: $id) { status ${statuses} } }`;
    const ask = async () => {
      const response = await fetch(server.rpc, { method: "POST", body: JSON.stringify({ query, variables: { id } }) });
      return ((await response.json()) as { data: { transaction: { status: Event } } }).data.transaction.status;
    };
    expect(await ask()).toEqual({ __typename: "SubmittedStatus" });
    chain.hold(false);
    await chain.mine();
    await stream.events();
    expect(await ask()).toMatchObject({ __typename: "SuccessStatus" });
  });
});
