import { createWalletClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { anvil } from "viem/chains";
import { describe, expect, test } from "vitest";
import type { LightClient } from "../../messaging/light-client/client.ts";
import { transactionId } from "../../protocol/batch.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { asHeight, type Domain, type Root } from "../../protocol/ids.ts";
import { SliceWire } from "../../protocol/wire.ts";
import { executedAt, getFrom, opaque, statusOf, submitJson, submitOctets } from "./dataTenant.ts";
import {
  agreed,
  dataDomain,
  type Endpoint,
  eventually,
  evmDomain,
  fundedAccount,
  lightClientOf,
  proven,
  rootOf,
  validators,
} from "./network.ts";
import { listen } from "./stream.ts";

const [entry] = validators as [Endpoint];
const lights = validators.map((validator) => lightClientOf(validator));
const [light] = lights as [LightClient];

/** What all four light clients prove; who signed may differ from one validator to the next. */
const sliceAt = (height: number, domain: Domain): Promise<{ root: Root; entries: Uint8Array[] }> =>
  agreed(lights, (each) =>
    eventually(async () => {
      const { block, entries } = await proven(each.slice(asHeight(height), domain));
      return { root: block.root, entries };
    }),
  );

const idOf = (bytes: Uint8Array): Hex => toHex(transactionId(bytes));

describe.each([
  ["JSON", submitJson],
  ["octets", submitOctets],
])("opaque transactions submitted as %s", (_form, submit) => {
  test("are acknowledged with the sha256 of their bytes, in their order", async () => {
    const transactions = [opaque(), opaque(16), opaque(100_000)];
    const ids = transactions.map(idOf);
    expect(await submit(entry, transactions)).toEqual(ids.map((id) => ({ id, nativeId: id })));
  });

  test("at any validator are executed at one place at all four", async () => {
    for (const validator of validators) {
      const bytes = opaque();
      await submit(validator, [bytes]);
      const status = await agreed(validators, (source) => executedAt(source, idOf(bytes)));
      expect(status).toMatchObject({ id: transactionId(bytes), domain: dataDomain, succeeded: true });
      expect(status.height).toBeGreaterThan(0);
    }
  });
});

describe("a light client at each of the four validators", () => {
  test("proves a slice: exactly what was ordered for the tenant, and where a transaction stands in it", async () => {
    const transactions = [opaque(), opaque(), opaque()];
    await submitJson(entry, transactions);
    const places = await Promise.all(transactions.map((bytes) => executedAt(entry, idOf(bytes))));
    for (const [i, bytes] of transactions.entries()) {
      const height = asHeight(places[i]?.height ?? 0);
      const slice = await sliceAt(height, dataDomain);
      const at = slice.entries.findIndex((entry) => toHex(entry) === toHex(bytes));
      expect(at).toBeGreaterThanOrEqual(0);
      const standing = await agreed(lights, (each) =>
        eventually(async () => {
          const found = await proven(each.transaction(transactionId(bytes)));
          return found.outcome === "ordered" ? undefined : found;
        }),
      );
      expect(standing).toEqual({
        id: transactionId(bytes),
        domain: dataDomain,
        height,
        index: at,
        outcome: "applied",
      });
    }
  });

  test("proves that an empty height holds nothing for the tenant", async () => {
    const height = await eventually(async () => {
      const { finalized } = await statusOf(entry);
      for (let at = 1; at <= finalized; at++) {
        const { batches } = (await proven(light.block(asHeight(at)))).header;
        if (batches.length === 0) return asHeight(at);
      }
      return undefined;
    });
    await expectAbsence(height);
  });

  test("proves the same of a height that holds another tenant's transaction", async () => {
    const account = privateKeyToAccount(fundedAccount(6).privateKey);
    const wallet = createWalletClient({ account, chain: anvil, transport: http(entry.rpc) });
    // Again, should someone else's data have come into the block.
    const height = await eventually(async () => {
      const id = await wallet.sendTransaction({ to: account.address, value: 1n });
      const at = await eventually(async () => {
        const response = await fetch(`${entry.api}/v1/transactions/${id}?domain=${evmDomain}`);
        const { status, height } = (await response.json()) as { status: string; height: number };
        return status === "executed" ? asHeight(height) : undefined;
      });
      const { proof } = await getFrom(entry, `/v1/blocks/${at}/tenants/${dataDomain}`, SliceWire);
      return proof.kind === "absent" ? at : undefined;
    });
    await expectAbsence(height);
    const others = await sliceAt(height, evmDomain);
    expect(others.entries.length).toBeGreaterThan(0);
  });

  const expectAbsence = async (height: number): Promise<void> => {
    const slice = await sliceAt(height, dataDomain);
    expect(slice.entries).toEqual([]);
    const { proof } = await getFrom(entry, `/v1/blocks/${height}/tenants/${dataDomain}`, SliceWire);
    expect(proof.kind).toBe("absent");
  };
});

describe("the stream of each of the four validators", () => {
  test("tells that a transaction was executed, and its height finalized, executed and certified", async () => {
    const topics = "topics=finalized,executed,certified,tenant";
    const streams = await Promise.all(validators.map((validator) => listen(validator, `${topics}&domain=1`)));
    const bytes = opaque();
    await submitJson(entry, [bytes]);
    const { header, summary } = await agreed(streams, async (stream) => {
      const holds = ({ transactions }: { transactions: readonly { id: Uint8Array }[] }) =>
        transactions.some(({ id }) => toHex(id) === idOf(bytes));
      const tenant = await stream.event("tenant", holds);
      expect(tenant.transactions.find(({ id }) => toHex(id) === idOf(bytes))).toEqual({
        id: rootOf(idOf(bytes)),
        nativeId: idOf(bytes),
        succeeded: true,
      });
      const { block } = await stream.event("finalized", ({ block }) => block.header.height === tenant.height);
      const { summary, root } = await stream.event("executed", ({ summary }) => summary.height === tenant.height);
      const certified = await stream.event("certified", ({ height }) => height >= tenant.height);
      expect(certified.carrier).toBeGreaterThan(certified.height);
      return { tenant, header: block.header, summary, root };
    });
    expect(toHex(summary.header)).toBe(toHex((await proven(light.block(header.height))).root));
    for (const { heard, close } of streams) {
      expect(heard.filter((event) => event.topic === "tenant" && event.domain !== dataDomain)).toEqual([]);
      await close();
    }
  });

  test("sends what was subscribed to over it, and no more", async () => {
    const streams = await Promise.all(validators.map((validator) => listen(validator, "topics=finalized")));
    for (const stream of streams) {
      const { block } = await stream.event("finalized", () => true);
      await stream.event("finalized", (event) => event.block.header.height > block.header.height);
      expect(new Set(stream.heard.map(({ topic }) => topic))).toEqual(new Set(["finalized"]));
      await stream.close();
    }
  });
});
