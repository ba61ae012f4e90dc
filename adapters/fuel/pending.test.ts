import { describe, expect, it } from "vitest";
import type { Hex } from "../../protocol/bytes.ts";
import { executorLimits } from "./limits.ts";
import type { EngineFacts, PromisedOutput, SpentCoin } from "./packed.ts";
import { baseAssetId } from "./params.ts";
import { createPending } from "./pending.ts";

const name = (number: number): Hex => `0x${number.toString(16).padStart(64, "0")}`;
const utxo = (number: number, index = 0): Hex => `${name(number)}${index.toString(16).padStart(4, "0")}`;
const [alice, bob] = [name(0xa), name(0xb)];

const coin = (of: Hex, standing: SpentCoin["standing"], amount = 10n, owner = alice): SpentCoin => ({
  ...{ utxo: of, standing, owner, assetId: baseAssetId, amount },
});

const facts = (
  number: number,
  coins: SpentCoin[],
  outputs: PromisedOutput[] = [],
  contracts: EngineFacts["contracts"] = [],
) => ({
  ...{ id: name(number), sender: alice, gas: 1, tip: 0n, cost: 0n, balance: 0n },
  ...{ coins, contracts, outputs },
});

const promised = (owner: Hex, amount: bigint): PromisedOutput => ({
  kind: "coin",
  owner,
  assetId: baseAssetId,
  amount,
});
const codeOf = (result: { ok: boolean; error?: { code: string } }) => (result.ok ? "ok" : result.error?.code);

describe("pending transactions", () => {
  it("promise their coins, which must be as they say, and their change, which only execution knows", () => {
    const pending = createPending(baseAssetId);
    pending.add(
      facts(1, [coin(utxo(100), "there")], [promised(bob, 7n), { kind: "unknown" }, { kind: "none" }]),
      0n,
      0,
    );
    const add = (number: number, spent: SpentCoin) => codeOf(pending.add(facts(number, [spent]), 0n, 0));
    expect(add(2, coin(utxo(1, 0), "missing", 7n, bob))).toBe("ok");
    expect(add(3, coin(utxo(1, 0), "missing", 8n, bob))).toBe("insufficient_funds");
    expect(add(4, coin(utxo(1, 1), "missing", 12_345n))).toBe("ok");
    expect(add(5, coin(utxo(1, 2), "missing"))).toBe("insufficient_funds");
    expect(add(6, coin(utxo(1, 3), "missing"))).toBe("insufficient_funds");
    expect(add(7, coin(utxo(99), "missing"))).toBe("insufficient_funds");
    expect(add(8, coin(utxo(101), "different"))).toBe("invalid");
    pending.remove(name(1));
    expect(add(9, coin(utxo(1, 1), "missing"))).toBe("insufficient_funds");
  });

  it("say what a sender is to get from them, and never rank above what they depend on", () => {
    const pending = createPending(baseAssetId);
    pending.add(facts(1, [coin(utxo(100), "there", 10n, bob)], [promised(alice, 7n)]), 3n, 0);
    const child = pending.add(facts(2, [coin(utxo(1, 0), "missing", 7n), coin(utxo(102), "there")]), 50n, 0);
    expect(child).toEqual({ ok: true, value: { price: 3n, expected: 7n } });
    const lower = pending.add(facts(3, [coin(utxo(103), "there")], [{ kind: "contract", contractId: bob }]), 1n, 0);
    expect(lower).toEqual({ ok: true, value: { price: 1n, expected: 0n } });
    const call = facts(4, [coin(utxo(104), "there")], [], [{ contractId: bob, isThere: false }]);
    expect(pending.add(call, 50n, 0)).toEqual({ ok: true, value: { price: 1n, expected: 0n } });
    expect(
      codeOf(pending.add(facts(5, [coin(utxo(105), "there")], [], [{ contractId: alice, isThere: false }]), 0n, 0)),
    ).toBe("invalid");
  });

  it("spend a coin once, unless the later one offers a tenth more; a transaction may come again", () => {
    const pending = createPending(baseAssetId);
    const spend = (number: number, price: bigint) =>
      codeOf(pending.add(facts(number, [coin(utxo(100), "there")]), price, 0));
    expect([spend(1, 100n), spend(1, 100n), spend(2, 100n), spend(2, 110n), spend(2, 111n)]).toEqual([
      "ok",
      "ok",
      "duplicate",
      "duplicate",
      "ok",
    ]);
    pending.remove(name(1));
    expect(spend(3, 111n)).toBe("duplicate");
    pending.remove(name(2));
    expect(spend(3, 0n)).toBe("ok");
  });

  it("are forgotten when they have waited too long", () => {
    const pending = createPending(baseAssetId);
    pending.add(facts(1, [coin(utxo(100), "there")]), 0n, 5);
    pending.expire(5 + executorLimits.pendingBlocks);
    const again = () => codeOf(pending.add(facts(2, [coin(utxo(100), "there")]), 0n, 5));
    expect(again()).toBe("duplicate");
    pending.expire(6 + executorLimits.pendingBlocks);
    expect(again()).toBe("ok");
  });
});
