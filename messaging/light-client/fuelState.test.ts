import { beforeAll, describe, expect, it } from "vitest";
import { contextOf } from "../../adapters/complianceChain.ts";
import { fuelAdapter } from "../../adapters/fuel/adapter.ts";
import { bytesOf, zero32 } from "../../adapters/fuel/codec.ts";
import { gatewayId } from "../../adapters/fuel/contracts/gateway.ts";
import type { FuelProof } from "../../adapters/fuel/proof.ts";
import { encodeWrite } from "../../adapters/fuel/protocolWrites.ts";
import { type FuelRead, readFuel } from "../../adapters/fuel/reads.ts";
import {
  alice,
  budget,
  buildEngine,
  coinValue,
  config,
  domain,
  encodeConfig,
  genesisUtxo,
} from "../../adapters/fuel/testChain.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import type { Root } from "../../protocol/ids.ts";
import { proveFuelCoin, proveFuelSlot, utxoText } from "./fuelState.ts";

const coin = genesisUtxo(3);
const slot = { number: 1, contractId: gatewayId, slot: zero32 } as const;

let stateRoot: Root;
const proofs = new Map<string, FuelProof>();

/** The answer of a node's GraphQL. */
const answerOf = ({ value, siblings, other }: FuelProof) => ({
  proof: {
    value: value === undefined ? null : toHex(value),
    siblings: siblings.map(toHex),
    other: other === undefined ? null : { path: toHex(other.path), value: toHex(other.value) },
  },
});

beforeAll(async () => {
  await buildEngine();
  const { executor, genesis } = await fuelAdapter.open({ domain, config: encodeConfig(config), budget });
  if (genesis === undefined) throw new Error("a new tenant has a genesis");
  await executor.begin(contextOf(1, genesis.blockHash));
  await executor.write(encodeWrite(bytesOf(zero32), utf8("stored")));
  ({ stateRoot } = await executor.seal());
  const prove = async (name: string, read: FuelRead & { kind: "proveCoin" | "proveSlot" }) => {
    const proof = await readFuel(executor.read, read);
    if (!proof.ok) throw new Error(proof.error.message);
    proofs.set(name, proof.value);
  };
  await prove("coin", { kind: "proveCoin", number: 1, utxoId: coin });
  await prove("no coin", { kind: "proveCoin", number: 1, utxoId: genesisUtxo(9_999) });
  await prove("slot", { kind: "proveSlot", ...slot });
  await prove("no slot", { kind: "proveSlot", ...slot, slot: gatewayId });
}, 900_000);

const proofOf = (name: string): FuelProof => proofs.get(name) ?? { siblings: [] };

/** Each answer that differs in one byte of the proof. */
const flipped = (proof: FuelProof): unknown[] => {
  const parts = [proof.value, ...proof.siblings, proof.other?.path, proof.other?.value].filter(
    (part) => part !== undefined,
  );
  return parts.flatMap((part) =>
    Array.from(part, (_, at) => {
      part[at] = (part[at] as number) ^ 1;
      const answer = answerOf(proof);
      part[at] = (part[at] as number) ^ 1;
      return answer;
    }),
  );
};

describe("a proof of a Fuel tenant's state", () => {
  it("shows a coin and a slot, and that there is none", () => {
    const owned = { owner: alice.address, amount: coinValue, txPointer: { height: 0, index: 0 } };
    expect(proveFuelCoin(stateRoot, coin, answerOf(proofOf("coin")))).toMatchObject({ ok: true, value: owned });
    const absent = proveFuelCoin(stateRoot, genesisUtxo(9_999), answerOf(proofOf("no coin")));
    expect(absent).toEqual({ ok: true, value: undefined });
    const stored = proveFuelSlot(stateRoot, gatewayId, zero32, answerOf(proofOf("slot")));
    expect(stored).toEqual({ ok: true, value: utf8("stored") });
    const empty = proveFuelSlot(stateRoot, gatewayId, gatewayId, answerOf(proofOf("no slot")));
    expect(empty).toEqual({ ok: true, value: undefined });
  });

  it("proves nothing with any byte changed", () => {
    const tried = { coin: flipped(proofOf("coin")), slot: flipped(proofOf("slot")), none: flipped(proofOf("no coin")) };
    for (const answer of tried.coin) expect(proveFuelCoin(stateRoot, coin, answer)).toMatchObject({ ok: false });
    for (const answer of tried.slot) {
      expect(proveFuelSlot(stateRoot, gatewayId, zero32, answer)).toMatchObject({ ok: false });
    }
    for (const answer of tried.none) {
      expect(proveFuelCoin(stateRoot, genesisUtxo(9_999), answer)).toMatchObject({ ok: false });
    }
    expect(tried.coin.length).toBeGreaterThan(200);
  });

  it("proves nothing about something else", () => {
    expect(proveFuelCoin(stateRoot, genesisUtxo(4), answerOf(proofOf("coin")))).toMatchObject({ ok: false });
    expect(proveFuelCoin(stateRoot, coin, answerOf(proofOf("no coin")))).toMatchObject({ ok: false });
    expect(proveFuelSlot(stateRoot, zero32, zero32, answerOf(proofOf("slot")))).toMatchObject({ ok: false });
    expect(proveFuelCoin(stateRoot, { txId: "0x00", index: 0 }, answerOf(proofOf("coin")))).toMatchObject({
      ok: false,
    });
  });

  it("is refused where the answer is none", () => {
    for (const answer of [undefined, {}, { proof: null }, { proof: { value: "0xzz", siblings: [], other: null } }]) {
      expect(proveFuelCoin(stateRoot, coin, answer)).toMatchObject({ ok: false, error: { code: "malformed_answer" } });
    }
  });

  it("names coins as Fuel does", () => {
    expect(utxoText({ txId: zero32, index: 258 })).toBe(`${zero32}0102`);
  });
});
