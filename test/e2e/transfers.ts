/** Funded accounts and raw transactions for tests on the shared network, and proof of its health afterwards. */
import { keccak256, serializeTransaction, type TransactionSerializableEIP1559 } from "viem";
import { generatePrivateKey, privateKeyToAccount, sign as signHash } from "viem/accounts";
import { afterAll, beforeAll, expect } from "vitest";
import type { DevnetReady } from "../../devnet/ready.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { allReach, expectExecuted } from "./agreement.ts";
import { rpc, transaction } from "./api.ts";
import { isAlive } from "./commands.ts";
import { evmDomain } from "./domains.ts";
import { executorsOf } from "./processes.ts";

const gwei = 10n ** 9n;
/** The devnet account that pays for the others; no other test spends from it. */
const funderIndex = 9;

type Signature = { r: bigint; s: bigint; yParity: number };

export type Signed = {
  raw: Hex;
  hash: Hex;
  signature: Signature;
  /** The same transaction under another signature. */
  withSignature(signature: Signature): Hex;
};

const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, "0")}`;

/** Signs a transfer of one wei to nobody in particular, changed as `fields` say. */
export const sign = async (key: Hex, fields: Partial<TransactionSerializableEIP1559>): Promise<Signed> => {
  const unsigned: TransactionSerializableEIP1559 = {
    type: "eip1559",
    chainId: evmDomain,
    nonce: 0,
    to: "0x00000000000000000000000000000000000051f7",
    value: 1n,
    gas: 21_000n,
    maxFeePerGas: 100n * gwei,
    maxPriorityFeePerGas: gwei,
    ...fields,
  };
  const { r, s, yParity } = await signHash({ hash: keccak256(serializeTransaction(unsigned)), privateKey: key });
  const signature = { r: BigInt(r), s: BigInt(s), yParity: yParity ?? 0 };
  const withSignature = (other: Signature): Hex =>
    serializeTransaction(unsigned, { r: word(other.r), s: word(other.s), yParity: other.yParity });
  const raw = withSignature(signature);
  return { raw, hash: keccak256(raw), signature, withSignature };
};

export const rpcOf = ({ validators }: DevnetReady, index: number): string =>
  validators[index]?.tenants.find(({ domain }) => domain === evmDomain)?.rpc ?? "";

const fundsFrom = async (devnet: DevnetReady, to: Hex, value: bigint): Promise<Hex> => {
  const funder = devnet.accounts.evm?.[funderIndex];
  const { address = "0x", privateKey = "0x" } = funder ?? {};
  const { result } = await rpc(rpcOf(devnet, 0), "eth_getTransactionCount", address, "pending");
  const { raw } = await sign(privateKey, { nonce: Number(result), to, value });
  const sent = await rpc(rpcOf(devnet, 0), "eth_sendRawTransaction", raw);
  if (typeof sent.result !== "string") throw new Error(`can't fund an account: ${JSON.stringify(sent.error)}`);
  const nativeId = sent.result as Hex;
  await expectExecuted(
    devnet.validators.map(({ api }) => api),
    [{ domain: evmDomain, nativeId }],
  );
  return nativeId;
};

/** The key of a new account with 10 ETH, which all validators know of. */
export const fund = async (devnet: DevnetReady): Promise<Hex> => {
  const key = generatePrivateKey();
  await fundsFrom(devnet, privateKeyToAccount(key).address, 10n ** 19n);
  return key;
};

const processesOf = ({ validators }: DevnetReady) =>
  validators.map(({ pid }) => ({ validator: pid, executors: executorsOf(pid) }));

/** After the tests of a file: every validator and executor lives still, and all certify a fresh transfer. */
export const expectUnharmed = (devnet: DevnetReady): void => {
  let before: ReturnType<typeof processesOf>;
  beforeAll(() => {
    before = processesOf(devnet);
    const engines = devnet.tenants.filter(({ rpc }) => rpc !== undefined).length;
    expect(before.map(({ executors }) => executors.length)).toEqual(before.map(() => engines));
  });
  afterAll(async () => {
    expect(before.every(({ validator }) => isAlive(validator))).toBe(true);
    expect(processesOf(devnet)).toEqual(before);
    const apis = devnet.validators.map(({ api }) => api);
    const nativeId = await fundsFrom(devnet, toHex(new Uint8Array(20).fill(0x51)), 1n);
    for (const api of apis) {
      const { height = Number.POSITIVE_INFINITY } = (await transaction(api, evmDomain, nativeId)) ?? {};
      await allReach([api], height, "certified");
    }
  });
};
