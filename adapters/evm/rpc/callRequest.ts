/** The transaction object of eth_call and eth_estimateGas. */
import type { Hex } from "../../../protocol/bytes.ts";
import { invalidParams } from "../../jsonRpc/error.ts";
import { transportLimits } from "../../jsonRpc/limits.ts";
import { list, member, object, type Reader } from "../../jsonRpc/params.ts";
import type { EvmCallRequest } from "../reads.ts";
import { rpcLimits } from "./limits.ts";
import { address, data, hash, quantity } from "./params.ts";

const anyBytes = data(transportLimits.requestBytes);

type AccessListEntry = NonNullable<EvmCallRequest["accessList"]>[number];
type Authorization = NonNullable<EvmCallRequest["authorizationList"]>[number];

const present = <T>(value: T | undefined, name: string): T => {
  if (value === undefined) throw invalidParams(`invalid ${name}: it is missing`);
  return value;
};

const accessListEntry: Reader<AccessListEntry> = (value, name) => {
  const entry = object(value, name);
  return {
    address: present(member(entry, "address", address, name), `${name}.address`),
    storageKeys: member(entry, "storageKeys", list(hash, rpcLimits.callEntries), name) ?? [],
  };
};

/** EIP-7702; some clients send `v` in place of `yParity`. */
const authorization: Reader<Authorization> = (value, name) => {
  const entry = object(value, name);
  const field = (key: string): Hex => present(member(entry, key, quantity, name), `${name}.${key}`);
  const v = member(entry, "v", quantity, name);
  const fromV = v === undefined ? undefined : (`0x${(BigInt(v) % 27n).toString(16)}` as const);
  return {
    chainId: field("chainId"),
    address: present(member(entry, "address", address, name), `${name}.address`),
    nonce: field("nonce"),
    yParity: member(entry, "yParity", quantity, name) ?? fromV ?? field("yParity"),
    r: field("r"),
    s: field("s"),
  };
};

/** `data` and its newer name `input`. */
const callData = (call: Readonly<Record<string, unknown>>, name: string): Hex | undefined => {
  const older = member(call, "data", anyBytes, name);
  const newer = member(call, "input", anyBytes, name);
  if (older !== undefined && newer !== undefined && older.toLowerCase() !== newer.toLowerCase()) {
    throw invalidParams(`invalid ${name}: both "data" and "input" are set and not equal`);
  }
  return newer ?? older;
};

const refused = ["maxFeePerBlobGas", "blobVersionedHashes", "blobs"] as const;

export const callRequest: Reader<EvmCallRequest> = (value, name) => {
  const call = object(value, name);
  for (const key of refused) {
    if (call[key] !== undefined && call[key] !== null) {
      throw invalidParams(`invalid ${name}: ${key} is set, but blob transactions aren't supported`);
    }
  }
  const fields = {
    from: member(call, "from", address, name),
    to: member(call, "to", address, name),
    gas: member(call, "gas", quantity, name),
    gasPrice: member(call, "gasPrice", quantity, name),
    maxFeePerGas: member(call, "maxFeePerGas", quantity, name),
    maxPriorityFeePerGas: member(call, "maxPriorityFeePerGas", quantity, name),
    value: member(call, "value", quantity, name),
    data: callData(call, name),
    accessList: member(call, "accessList", list(accessListEntry, rpcLimits.callEntries), name),
    authorizationList: member(call, "authorizationList", list(authorization, rpcLimits.callEntries), name),
  };
  if (fields.gasPrice !== undefined && (fields.maxFeePerGas ?? fields.maxPriorityFeePerGas) !== undefined) {
    throw invalidParams("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified");
  }
  return Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined)) as EvmCallRequest;
};
