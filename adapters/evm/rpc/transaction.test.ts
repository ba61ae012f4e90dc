import { hexToBytes, keccak256, parseTransaction, type TransactionSerializable, toHex } from "viem";
import { privateKeyToAccount, signAuthorization } from "viem/accounts";
import { describe, expect, it } from "vitest";
import { decodeTransaction } from "./transaction.ts";

const key = keccak256("0x01");
const account = privateKeyToAccount(key);
const to = `0x${"ab".repeat(20)}` as const;
const accessList = [{ address: to, storageKeys: [keccak256("0x02"), `0x${"00".repeat(32)}` as const] }];

const transactions: Record<string, TransactionSerializable> = {
  legacy: { type: "legacy", chainId: 31337, nonce: 0, gasPrice: 10n ** 9n, gas: 21_000n, to, value: 1n, data: "0x" },
  "of EIP-2930": {
    type: "eip2930",
    chainId: 1,
    nonce: 128,
    gasPrice: 255n,
    gas: 256n,
    to,
    value: 0n,
    data: "0x00ff",
    accessList,
  },
  "of EIP-1559": {
    type: "eip1559",
    chainId: 2 ** 31,
    nonce: 2 ** 40,
    maxFeePerGas: 2n ** 80n,
    maxPriorityFeePerGas: 0n,
    gas: 30_000_000n,
    value: 2n ** 255n,
    data: `0x${"60".repeat(300)}`,
  },
};

describe.each(Object.entries(transactions))("a transaction %s", (_, transaction) => {
  it("shows the fields that were signed", async () => {
    const raw = await account.signTransaction(transaction);
    const fields = decodeTransaction(hexToBytes(raw));
    const parsed = parseTransaction(raw) as TransactionSerializable & { r: string; s: string; v: bigint };
    expect(fields).toMatchObject({
      chainId: toHex(transaction.chainId ?? 0),
      nonce: toHex(transaction.nonce ?? 0),
      gas: toHex(transaction.gas ?? 0n),
      to: transaction.to ?? null,
      value: toHex(transaction.value ?? 0n),
      input: transaction.data,
      v: toHex(transaction.type === "legacy" ? parsed.v : BigInt((parsed as { yParity?: number }).yParity ?? 0)),
      r: toHex(BigInt(parsed.r)),
      s: toHex(BigInt(parsed.s)),
    });
    expect(fields.accessList).toEqual(transaction.type === "legacy" ? undefined : (transaction.accessList ?? []));
    for (const name of ["gasPrice", "maxFeePerGas", "maxPriorityFeePerGas"] as const) {
      const signed = transaction[name];
      expect(fields[name]).toBe(signed === undefined ? undefined : toHex(signed));
    }
  });
});

it("shows the authorizations of EIP-7702", async () => {
  const authorization = await signAuthorization({ privateKey: key, chainId: 31337, nonce: 5, address: to });
  const raw = await account.signTransaction({
    type: "eip7702",
    chainId: 31337,
    nonce: 4,
    maxFeePerGas: 2n,
    maxPriorityFeePerGas: 1n,
    gas: 100_000n,
    to,
    authorizationList: [authorization],
  });
  expect(decodeTransaction(hexToBytes(raw))).toMatchObject({
    type: "0x4",
    maxFeePerGas: "0x2",
    maxPriorityFeePerGas: "0x1",
    authorizationList: [
      {
        chainId: toHex(31337),
        address: to,
        nonce: "0x5",
        yParity: toHex(authorization.yParity ?? 0),
        r: toHex(BigInt(authorization.r)),
        s: toHex(BigInt(authorization.s)),
      },
    ],
  });
});

it("shows no chain id for a transaction from before EIP-155", async () => {
  const raw = await account.signTransaction({ type: "legacy", nonce: 0, gasPrice: 1n, gas: 21_000n, to });
  expect(decodeTransaction(hexToBytes(raw))).not.toHaveProperty("chainId");
});

it.each(["0x", "0x01", "0x03c0", "0x02ff", "0x80"] as const)(
  "bytes that aren't a transaction (%s) are an error",
  (raw) => {
    expect(() => decodeTransaction(hexToBytes(raw))).toThrow();
  },
);
