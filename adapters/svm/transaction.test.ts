import { AddressLookupTableAccount, PublicKey, VersionedTransaction } from "@solana/web3.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalBytes } from "../../protocol/bytes.ts";
import { alice, bob, carol, sign, signVersioned, transfer } from "./testChain.ts";
import { decodeTransaction, isWritable, type SvmTransaction } from "./transaction.ts";

const table = new AddressLookupTableAccount({
  key: carol.publicKey,
  state: {
    deactivationSlot: 2n ** 64n - 1n,
    lastExtendedSlot: 0,
    lastExtendedSlotStartIndex: 0,
    addresses: [bob.publicKey],
  },
});
const instructions = [transfer(alice, bob.publicKey, 5n), transfer(bob, carol.publicKey, 6n)];
const samples = [
  sign({ instructions, signers: [alice, bob], recent: 0 }),
  signVersioned({ instructions, signers: [alice, bob], recent: 0 }),
  signVersioned({ instructions: instructions.slice(0, 1), signers: [alice], recent: 0 }, [table]),
];

const decoded = (bytes: Uint8Array): SvmTransaction => {
  const result = decodeTransaction(bytes);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

describe("decoding a transaction", () => {
  it.each(samples.map((bytes, i) => [i, bytes] as const))("agrees with @solana/web3.js on sample %i", (_, bytes) => {
    const transaction = decoded(bytes);
    const { message, signatures, version } = VersionedTransaction.deserialize(bytes);
    expect(transaction.version).toBe(version);
    expect(transaction.signatures).toEqual(signatures);
    expect(transaction.message).toEqual(Uint8Array.from(message.serialize()));
    expect(transaction.keys.map((key) => new PublicKey(key))).toEqual(message.staticAccountKeys);
    expect(transaction.instructions.map(({ program, accounts, data }) => [program, [...accounts], data])).toEqual(
      message.compiledInstructions.map(({ programIdIndex, accountKeyIndexes, data }) => [
        programIdIndex,
        accountKeyIndexes,
        Uint8Array.from(data),
      ]),
    );
    expect(transaction.keys.map((_, index) => isWritable(transaction, index))).toEqual(
      message.staticAccountKeys.map((_, index) => message.isAccountWritable(index)),
    );
    expect(transaction.lookups.map(({ writable }) => [...writable])).toEqual(
      message.addressTableLookups.map(({ writableIndexes }) => writableIndexes),
    );
  });

  it("takes nothing that Solana's own encoder would write otherwise", () => {
    const mutated = fc.record({
      sample: fc.constantFrom(...samples),
      changes: fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      end: fc.option(fc.uint8Array({ minLength: 1, maxLength: 3 })),
    });
    fc.assert(
      fc.property(mutated, ({ sample, changes, end }) => {
        const bytes = Uint8Array.of(...sample, ...(end ?? []));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        if (!decodeTransaction(bytes).ok) return;
        expect(equalBytes(VersionedTransaction.deserialize(bytes).serialize(), bytes)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it("answers any bytes with a result", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1300 }), (bytes) => typeof decodeTransaction(bytes).ok === "boolean"),
    );
  });
});
