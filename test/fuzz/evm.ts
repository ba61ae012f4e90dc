/** Transactions of every EVM type, wrong in bits or in structure, and calls of its JSON-RPC. */
import { keccak256 } from "viem";
import { sign } from "viem/accounts";
import type { Account } from "../../devnet/accounts.ts";
import { concatBytes, fromHex, toHex, utf8 } from "../../protocol/bytes.ts";
import { evmDomain } from "../e2e/domains.ts";
import type { Random } from "../replay/random.ts";
import type { Call, VmGenerator } from "./generator.ts";
import { mutateBytes } from "./mutate.ts";

type Rlp = Uint8Array | Rlp[];

const bigEndian = (value: bigint): Uint8Array => {
  const digits = value === 0n ? "" : value.toString(16);
  return new Uint8Array(Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex"));
};

const header = (base: number, length: number, isLong: boolean): Uint8Array => {
  if (length < 56 && !isLong) return Uint8Array.of(base + length);
  const bytes = bigEndian(BigInt(length));
  return Uint8Array.of(base + 55 + bytes.length, ...bytes);
};

/** `sloppy`: how often a length is written longer than it has to be. */
const encodeRlp = (random: Random, item: Rlp, sloppy: number): Uint8Array => {
  const isLong = random.chance(sloppy);
  if (Array.isArray(item)) {
    const body = concatBytes(...item.map((part) => encodeRlp(random, part, sloppy)));
    return concatBytes(header(0xc0, body.length, isLong), body);
  }
  if (item.length === 1 && (item[0] ?? 0) < 0x80 && !isLong) return item;
  return concatBytes(header(0x80, item.length, isLong), item);
};

const precompile = (random: Random): Uint8Array => Uint8Array.of(...new Uint8Array(19), random.int(20));
const systemContracts = ["0x0000f90827f1c53a10cb7a02335b175320002935", "0x000f3df6d732807ef1319fb7b8bb8522d0beac02"];

const address = (random: Random): Uint8Array =>
  random.pick([
    () => precompile(random),
    () => fromHex(random.pick(systemContracts)) ?? new Uint8Array(20),
    () => random.bytes(20),
    () => new Uint8Array(20).fill(0x51),
  ])();

const wei = (random: Random): Uint8Array => bigEndian(random.pick([0n, 1n, 10n ** 9n, 10n ** 11n, random.word()]));
const price = (random: Random): Uint8Array =>
  bigEndian(random.pick([10n ** 11n, 10n ** 11n, 10n ** 10n, random.word()]));
const gas = (random: Random): Uint8Array =>
  bigEndian(random.pick([21_000n, 100_000n, 1_000_000n, 30_000_000n, random.word()]));
const nonce = (random: Random): Uint8Array => bigEndian(random.chance(0.9) ? BigInt(random.int(64)) : random.word());
const data = (random: Random): Uint8Array => random.bytes(random.pick([0, 0, 4, 36, 68, 300, 2000]));
const to = (random: Random): Uint8Array => (random.chance(0.25) ? new Uint8Array() : address(random));
const chain = (random: Random): Uint8Array =>
  bigEndian(random.chance(0.9) ? BigInt(evmDomain) : random.pick([0n, 1n, random.word()]));
const several = (random: Random, make: () => Rlp): Rlp[] => Array.from({ length: random.int(3) }, make);
const accessList = (random: Random): Rlp =>
  several(random, () => [address(random), several(random, () => random.bytes(32))]);
const authorizations = (random: Random): Rlp =>
  several(random, () => [
    chain(random),
    address(random),
    nonce(random),
    bigEndian(BigInt(random.int(3))),
    random.bytes(32),
    random.bytes(32),
  ]);

/** Fields before the signature, by type; 0 is the legacy one. */
const fieldsOf: Readonly<Record<number, (random: Random) => Rlp[]>> = {
  0: (r) => [nonce(r), price(r), gas(r), to(r), wei(r), data(r)],
  1: (r) => [chain(r), nonce(r), price(r), gas(r), to(r), wei(r), data(r), accessList(r)],
  2: (r) => [chain(r), nonce(r), wei(r), price(r), gas(r), to(r), wei(r), data(r), accessList(r)],
  3: (r) => [
    ...[chain(r), nonce(r), wei(r), price(r), gas(r), address(r), wei(r), data(r), accessList(r), wei(r)],
    several(r, () => r.bytes(32)),
  ],
  4: (r) => [
    ...[chain(r), nonce(r), wei(r), price(r), gas(r), address(r), wei(r), data(r), accessList(r)],
    authorizations(r),
  ],
};

/** Replaces, removes, doubles or nests a part somewhere in a tree. */
const mutateRlp = (random: Random, item: Rlp): Rlp => {
  if (!Array.isArray(item))
    return random.pick([() => mutateBytes(random, item), () => [item], () => random.bytes(33)])();
  const copy = [...item];
  const at = random.int(copy.length + 1);
  const part = copy[at] ?? random.bytes(1);
  const change = random.int(5);
  if (change === 0) copy.splice(at, 1);
  else if (change === 1) copy.splice(at, 0, part);
  else if (change === 2) copy[at] = [];
  else copy[at] = mutateRlp(random, part);
  return copy;
};

type Signature = { r: Rlp; s: Rlp; yParity: bigint };

/** Nearly always a good one: what is behind it is reached by nothing else. */
const signatureOver = async (random: Random, message: Uint8Array, privateKey: `0x${string}`): Promise<Signature> => {
  if (random.chance(0.1)) return { r: random.bytes(32), s: random.bytes(32), yParity: BigInt(random.int(3)) };
  const signed = await sign({ hash: keccak256(message), privateKey });
  return { r: bigEndian(BigInt(signed.r)), s: bigEndian(BigInt(signed.s)), yParity: BigInt(signed.yParity ?? 0) };
};

const transaction = async (random: Random, { privateKey }: Account): Promise<Uint8Array> => {
  const type = random.chance(0.97) ? random.pick([0, 1, 2, 2, 3, 4]) : 5 + random.int(200);
  let fields: Rlp = (fieldsOf[type] ?? fieldsOf[2])?.(random) ?? [];
  for (let changes = random.pick([0, 0, 1, 1, 2]); changes > 0; changes--) fields = mutateRlp(random, fields);
  const list = Array.isArray(fields) ? fields : [fields];
  const sloppy = random.chance(0.1) ? 0.2 : 0;
  const prefix = type === 0 ? new Uint8Array() : Uint8Array.of(type & 0xff);
  const unsigned: Rlp = type === 0 ? [...list, bigEndian(BigInt(evmDomain)), new Uint8Array(), new Uint8Array()] : list;
  const { r, s, yParity } = await signatureOver(
    random,
    concatBytes(prefix, encodeRlp(random, unsigned, 0)),
    privateKey,
  );
  const v = type === 0 ? yParity + 35n + 2n * BigInt(evmDomain) : yParity;
  const bytes = concatBytes(prefix, encodeRlp(random, [...list, bigEndian(v), r, s], sloppy));
  return random.chance(0.2) ? mutateBytes(random, bytes) : bytes;
};

const blocks = ["latest", "earliest", "pending", "safe", "finalized", "0x0", "0x1"];
const hexAddress = (random: Random): string => toHex(address(random));
const request = (random: Random) => ({
  from: hexAddress(random),
  ...(random.chance(0.8) ? { to: hexAddress(random) } : {}),
  data: toHex(data(random)),
  ...(random.chance(0.3) ? { gas: `0x${random.int(2 ** 31).toString(16)}` } : {}),
  ...(random.chance(0.2) ? { value: `0x${random.word().toString(16)}` } : {}),
});
const filter = (random: Random) => ({
  fromBlock: random.pick(blocks),
  toBlock: random.pick(blocks),
  ...(random.chance(0.5) ? { address: hexAddress(random) } : {}),
  ...(random.chance(0.5) ? { topics: [toHex(random.bytes(32)), null] } : {}),
});

const calls: readonly ((random: Random) => Call)[] = [
  () => ({ method: "eth_chainId", params: [] }),
  () => ({ method: "eth_blockNumber", params: [] }),
  (r) => ({ method: "eth_getBalance", params: [hexAddress(r), r.pick(blocks)] }),
  (r) => ({ method: "eth_getTransactionCount", params: [hexAddress(r), r.pick(blocks)] }),
  (r) => ({ method: "eth_getCode", params: [hexAddress(r), r.pick(blocks)] }),
  (r) => ({ method: "eth_getStorageAt", params: [hexAddress(r), toHex(r.bytes(32)), r.pick(blocks)] }),
  (r) => ({ method: "eth_getProof", params: [hexAddress(r), [toHex(r.bytes(32))], r.pick(blocks)] }),
  (r) => ({ method: "eth_call", params: [request(r), r.pick(blocks)] }),
  (r) => ({ method: "eth_estimateGas", params: [request(r)] }),
  (r) => ({ method: "eth_getBlockByNumber", params: [r.pick(blocks), r.chance(0.5)] }),
  (r) => ({ method: "eth_getBlockByHash", params: [toHex(r.bytes(32)), r.chance(0.5)] }),
  (r) => ({ method: "eth_getBlockReceipts", params: [r.pick(blocks)] }),
  (r) => ({ method: "eth_getTransactionByHash", params: [toHex(r.bytes(32))] }),
  (r) => ({ method: "eth_getTransactionReceipt", params: [toHex(r.bytes(32))] }),
  (r) => ({ method: "eth_getTransactionByBlockNumberAndIndex", params: [r.pick(blocks), `0x${r.int(9)}`] }),
  (r) => ({ method: "eth_feeHistory", params: [`0x${r.int(64).toString(16)}`, r.pick(blocks), [10, 50, 90]] }),
  () => ({ method: "eth_gasPrice", params: [] }),
  (r) => ({ method: "eth_getLogs", params: [filter(r)] }),
  (r) => ({ method: "eth_newFilter", params: [filter(r)] }),
  () => ({ method: "eth_newBlockFilter", params: [] }),
  () => ({ method: "eth_newPendingTransactionFilter", params: [] }),
  (r) => ({ method: "eth_getFilterChanges", params: [toHex(r.bytes(16))] }),
  (r) => ({ method: "eth_uninstallFilter", params: [toHex(r.bytes(16))] }),
  () => ({ method: "eth_subscribe", params: ["newHeads"] }),
  (r) => ({ method: "web3_sha3", params: [toHex(r.bytes(r.int(200)))] }),
  () => ({ method: "net_version", params: [] }),
  (r) => ({ method: "lockstep_getProtocolWrites", params: [r.pick(blocks)] }),
];

const methodNames = [
  "eth_",
  "eth_sendTransaction",
  "debug_traceCall",
  "",
  "\u0000",
  "toString",
  "__proto__",
  "rpc.discover",
];

export const evmGenerator = (signer: Account): VmGenerator => ({
  domain: evmDomain,
  transaction: (random) => transaction(random, signer),
  rpc: {
    call: (random) => {
      const call = random.pick(calls)(random);
      if (random.chance(0.9)) return call;
      const method = random.chance(0.5)
        ? random.pick(methodNames)
        : new TextDecoder().decode(mutateBytes(random, utf8(call.method)));
      return { ...call, method };
    },
    submit: (bytes) => ({ method: "eth_sendRawTransaction", params: [toHex(bytes)] }),
  },
});
