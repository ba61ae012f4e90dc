/** An EVM tenant for tests: funded accounts, two contracts, and signers of every type of transaction. */
import { type Hex, parseEther, type TransactionSerializable } from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { usualBudgets } from "../../protocol/budget.ts";
import { fromHex, utf8 } from "../../protocol/bytes.ts";
import { asDomain } from "../../protocol/ids.ts";

export const chainId = 31337;
export const domain = asDomain(chainId);

const accountAt = (addressIndex: number) =>
  mnemonicToAccount("test test test test test test test test test test test junk", { addressIndex });

export const alice = accountAt(0);
export const bob = accountAt(1);
export const carol = accountAt(2);
export const dave = accountAt(3);
/** Has no funds. */
export const erin = accountAt(4);

/** Adds one to slot 0 of whoever runs it, and logs the new value under topic 0xaa. */
export const counter: Hex = "0x00000000000000000000000000000000000000c0";
/** Reverts with 32 bytes, the number 7. */
export const reverter: Hex = "0x00000000000000000000000000000000000000ba";
/** Returns the hash of the block whose number it is called with. */
export const hashes: Hex = "0x00000000000000000000000000000000000000b1";
export const feeRecipient: Hex = "0x00000000000000000000000000000000000000fe";

const balance = `0x${parseEther("10000").toString(16)}`;

export const config = {
  chainId,
  feeRecipient,
  timestamp: 1_700_000_000,
  alloc: {
    ...Object.fromEntries([alice, bob, carol, dave].map(({ address }) => [address, { balance }])),
    [counter]: {
      code: "0x5f546001015f555f545f5260aa60205fa100",
      storage: { [`0x${"00".repeat(31)}05`]: `0x${"00".repeat(31)}2a` },
    },
    [hashes]: { code: "0x5f35405f5260205ff3" },
    [reverter]: { code: "0x60075f5260205ffd" },
  },
};

export const budget = usualBudgets.evm;

export const encodeConfig = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

export const bytesOf = (hex: Hex): Uint8Array => {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new Error(`${hex} is no byte string`);
  return bytes;
};

type Signer = typeof alice;

/** Signs with defaults for what every transaction needs. */
export const sign = async (signer: Signer, transaction: Partial<TransactionSerializable>): Promise<Uint8Array> => {
  const fees =
    transaction.type === "legacy" || transaction.type === "eip2930"
      ? { gasPrice: 3_000_000_000n }
      : { maxFeePerGas: 3_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n };
  const filled = { type: "eip1559", chainId, gas: 100_000n, ...fees, ...transaction } as TransactionSerializable;
  return bytesOf(await signer.signTransaction(filled));
};

/** The engine, built if need be; throws with what is missing when it can't be built. */
export const buildEngine = async (): Promise<void> => {
  const script = new URL("../../scripts/engines.mjs", import.meta.url).href;
  const { ensureEngine } = (await import(script)) as { ensureEngine(name: string): Promise<string> };
  await ensureEngine("evm");
};
