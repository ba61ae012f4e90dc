import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { decodeBlock } from "./block.ts";
import { decodeTransaction } from "./codec/transaction.ts";
import { consensusReceipt, decodeReceipt, type EvmReceipt } from "./receipt.ts";
import { encodeRlp, integerBytes } from "./rlp.ts";
import { alice, chainId, counter, sign } from "./testChain.ts";
import { executionOf, inspectionOf, refusalOf } from "./transactions.ts";

const hex = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(toHex);
const logs = fc.array(
  fc.record({
    address: hex(20),
    topics: fc.array(hex(32), { maxLength: 4 }),
    data: fc.uint8Array({ maxLength: 100 }).map(toHex),
  }),
  { maxLength: 3 },
);
const emptyBloom = toHex(new Uint8Array(256));

const receipts: fc.Arbitrary<EvmReceipt> = fc
  .record({
    transactionHash: hex(32),
    sender: hex(20),
    to: fc.option(hex(20)),
    type: fc.constantFrom(0 as const, 1 as const, 2 as const, 4 as const),
    status: fc.constantFrom(0 as const, 1 as const),
    gasUsed: fc.nat(),
    cumulativeGasUsed: fc.nat(),
    effectiveGasPrice: fc.bigInt({ min: 0n, max: 2n ** 128n }),
    contractAddress: fc.option(hex(20)),
    logs,
    logsBloom: hex(256),
    output: fc.uint8Array({ maxLength: 100 }).map(toHex),
  })
  .map((fields) => ({
    ...fields,
    logsBloom: fields.logs.length === 0 ? emptyBloom : fields.logsBloom,
    reason: fields.status === 1 ? null : "revert",
  }));

const bytesOf = (hex: Hex | null): Uint8Array => fromHex(hex ?? "0x") ?? new Uint8Array();

/** As the engine does it. */
const encodeReceipt = (receipt: EvmReceipt): Uint8Array =>
  encodeRlp([
    bytesOf(receipt.transactionHash),
    bytesOf(receipt.sender),
    bytesOf(receipt.to),
    integerBytes(receipt.type),
    integerBytes(receipt.status),
    integerBytes(receipt.gasUsed),
    integerBytes(receipt.cumulativeGasUsed),
    integerBytes(receipt.effectiveGasPrice),
    bytesOf(receipt.contractAddress),
    receipt.logs.map(({ address, topics, data }) => [bytesOf(address), topics.map(bytesOf), bytesOf(data)]),
    bytesOf(receipt.logs.length === 0 ? null : receipt.logsBloom),
    bytesOf(receipt.output),
    utf8(receipt.reason ?? ""),
  ]);

describe("receipts", () => {
  it("decode to what was encoded", () => {
    fc.assert(
      fc.property(receipts, (receipt) => {
        expect(decodeReceipt(encodeReceipt(receipt))).toEqual(receipt);
      }),
    );
  });

  it("take up little where there are no logs", () => {
    const [receipt] = fc.sample(
      receipts.filter((each) => each.logs.length === 0 && each.output === "0x"),
      1,
    );
    expect(encodeReceipt(receipt as EvmReceipt).length).toBeLessThan(200);
  });

  it("are refused with an error of ours when they are anything else", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), receipts.map(encodeReceipt)), fc.nat(), fc.nat(255), (bytes, at, byte) => {
        const changed = bytes.map((each, i) => (i === at % bytes.length ? byte : each));
        try {
          decodeReceipt(changed);
          decodeBlock(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(LockstepError);
        }
      }),
    );
  });

  it("carry their type in front in the consensus encoding, but for legacy ones", () => {
    const [receipt] = fc.sample(receipts, 1) as [EvmReceipt];
    const legacy = consensusReceipt({ ...receipt, type: 0 });
    expect(legacy[0]).toBeGreaterThanOrEqual(0xc0);
    expect(consensusReceipt({ ...receipt, type: 4 })).toEqual(Uint8Array.of(4, ...legacy));
  });
});

describe("what the engine says of transactions", () => {
  const refusal = (code: string, isStale = false) =>
    executionOf(3, 21_000, { invalid: { code, message: "" } }, () => isStale);

  it("returns what waits for a nonce or for room, and omits whatever else is invalid", () => {
    expect(refusal("nonce_too_high")).toEqual({ kind: "returned", index: 3, reason: "nonce_too_high" });
    expect(refusal("insufficient_funds")).toEqual({
      kind: "omitted",
      index: 3,
      reason: "insufficient_funds",
      hopeless: false,
    });
    expect(refusal("block_gas")).toEqual({ kind: "returned", index: 3, reason: "block_full" });
  });

  it("is hopeless for ever, or since the certified state used the nonce, or not at all", () => {
    expect(refusal("intrinsic_gas")).toMatchObject({ hopeless: true });
    expect(refusal("nonce_too_low", true)).toMatchObject({ reason: "nonce_too_low", hopeless: true });
    expect(refusal("nonce_too_low", false)).toMatchObject({ hopeless: false });
  });

  it("is no outcome when its code is unknown", () => {
    expect(() => refusalOf("surprise")).toThrow(expect.objectContaining({ code: "executor_failed" }));
  });

  it("has no nonce that a number can't hold", () => {
    const ok = {
      hash: toHex(new Uint8Array(32)),
      sender: alice.address,
      nonce: 2 ** 53,
      gasLimit: 21_000,
      maxFeePerGas: 1n,
      maxPriorityFeePerGas: 1n,
      maxCost: 1n,
      account: { nonce: 0, balance: 0n },
    };
    expect(inspectionOf({ ok }, 1n)).toMatchObject({ ok: false, error: { code: "nonce_too_high" } });
    expect(inspectionOf({ ok: { ...ok, nonce: 2 ** 53 - 1 } }, 1n).ok).toBe(true);
  });
});

describe("decoding for display", () => {
  it("gives the fields under their usual names", async () => {
    const bytes = await sign(alice, { nonce: 3, to: counter, value: 5n });
    const decoded = decodeTransaction(bytes);
    expect(decoded).toMatchObject({ ok: true, value: { type: "eip1559", chainId, nonce: 3, to: counter, value: 5n } });
  });

  it("answers any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const decoded = decodeTransaction(bytes);
        if (!decoded.ok) expect(["undecodable", "unsupported"]).toContain(decoded.error.code);
      }),
    );
  });
});
