/**
 * Fields of a signed transaction as JSON-RPC shows them: legacy, EIP-2930, EIP-1559, EIP-7702. The bytes
 * were checked when they were taken in, so this only reads them.
 */
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import { LockstepError } from "../../../protocol/errors.ts";
import { decodeRlp, type Rlp, rlpBytes, rlpList } from "../rlp.ts";

export type TransactionFields = {
  type: Hex;
  chainId?: Hex;
  nonce: Hex;
  gas: Hex;
  to: Hex | null;
  value: Hex;
  input: Hex;
  gasPrice?: Hex;
  maxFeePerGas?: Hex;
  maxPriorityFeePerGas?: Hex;
  accessList?: { address: Hex; storageKeys: Hex[] }[];
  authorizationList?: { chainId: Hex; address: Hex; nonce: Hex; yParity: Hex; r: Hex; s: Hex }[];
  v: Hex;
  yParity?: Hex;
  r: Hex;
  s: Hex;
};

const quantity = (item: Rlp | undefined): Hex => {
  const digits = toHex(rlpBytes(item)).slice(2).replace(/^0+/, "");
  return digits === "" ? "0x0" : `0x${digits}`;
};
const bytes = (item: Rlp | undefined): Hex => toHex(rlpBytes(item));
const recipient = (item: Rlp | undefined): Hex | null => (rlpBytes(item).length === 0 ? null : bytes(item));

const accessListOf = (item: Rlp | undefined) =>
  rlpList(item).map((entry) => {
    const [address, storageKeys] = rlpList(entry);
    return { address: bytes(address), storageKeys: rlpList(storageKeys).map(bytes) };
  });

const authorizationListOf = (item: Rlp | undefined) =>
  rlpList(item).map((entry) => {
    const [chainId, address, nonce, yParity, r, s] = rlpList(entry);
    return {
      chainId: quantity(chainId),
      address: bytes(address),
      nonce: quantity(nonce),
      yParity: quantity(yParity),
      r: quantity(r),
      s: quantity(s),
    };
  });

/** The three last fields of every typed transaction. */
const signatureOf = ([yParity, r, s]: readonly Rlp[]) => ({
  v: quantity(yParity),
  yParity: quantity(yParity),
  r: quantity(r),
  s: quantity(s),
});

const legacy = (fields: readonly Rlp[]): TransactionFields => {
  const [nonce, gasPrice, gas, to, value, input, v, r, s] = fields;
  const signed = BigInt(quantity(v));
  return {
    type: "0x0",
    ...(signed >= 35n ? { chainId: `0x${((signed - 35n) / 2n).toString(16)}` as const } : {}),
    nonce: quantity(nonce),
    gasPrice: quantity(gasPrice),
    gas: quantity(gas),
    to: recipient(to),
    value: quantity(value),
    input: bytes(input),
    v: quantity(v),
    r: quantity(r),
    s: quantity(s),
  };
};

const accessListed = (fields: readonly Rlp[]): TransactionFields => {
  const [chainId, nonce, gasPrice, gas, to, value, input, accessList, ...signature] = fields;
  return {
    type: "0x1",
    chainId: quantity(chainId),
    nonce: quantity(nonce),
    gasPrice: quantity(gasPrice),
    gas: quantity(gas),
    to: recipient(to),
    value: quantity(value),
    input: bytes(input),
    accessList: accessListOf(accessList),
    ...signatureOf(signature),
  };
};

/** EIP-1559, and EIP-7702, which has one field more. */
const feeMarket = (type: "0x2" | "0x4", fields: readonly Rlp[]): TransactionFields => {
  const [chainId, nonce, tip, maxFee, gas, to, value, input, accessList, ...rest] = fields;
  return {
    type,
    chainId: quantity(chainId),
    nonce: quantity(nonce),
    maxPriorityFeePerGas: quantity(tip),
    maxFeePerGas: quantity(maxFee),
    gas: quantity(gas),
    to: recipient(to),
    value: quantity(value),
    input: bytes(input),
    accessList: accessListOf(accessList),
    ...(type === "0x4" ? { authorizationList: authorizationListOf(rest[0]) } : {}),
    ...signatureOf(type === "0x4" ? rest.slice(1) : rest),
  };
};

/** @throws LockstepError `undecodable` */
export const decodeTransaction = (raw: Uint8Array): TransactionFields => {
  const type = raw[0] ?? 0;
  const rlp = decodeRlp(type < 0x80 ? raw.subarray(1) : raw);
  if (!rlp.ok) throw new LockstepError("undecodable", `not a transaction: ${rlp.error.message}`);
  const fields = rlpList(rlp.value);
  if (type >= 0xc0) return legacy(fields);
  if (type === 1) return accessListed(fields);
  if (type === 2) return feeMarket("0x2", fields);
  if (type === 4) return feeMarket("0x4", fields);
  throw new LockstepError("undecodable", `transactions of type ${type} are not known`);
};
