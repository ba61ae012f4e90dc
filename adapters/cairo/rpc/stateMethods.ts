/** Methods that read the state. */
import type { Hex } from "../../../protocol/bytes.ts";
import { invalidParams } from "../../jsonRpc/error.ts";
import { list, member, object, type Reader } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import type { SierraClass } from "../sierraClass.ts";
import { blockId } from "./blockId.ts";
import type { Chain } from "./chain.ts";
import { type StarknetErrorName, starknetError } from "./errors.ts";
import { rpcLimits } from "./limits.ts";
import { address, felt, noFlags, parameters } from "./params.ts";

/** What is there, or the error that says that nothing is. */
const found = <T>(value: T | null, missing: StarknetErrorName): T => {
  if (value === null) throw starknetError(missing);
  return value;
};

/** Keys of one contract's storage that are to be proven. */
const storageKeys: Reader<{ address: Hex; keys: Hex[] }> = (value, name) => {
  const holder = object(value, name);
  const contract = member(holder, "contract_address", address, name);
  const keys = member(holder, "storage_keys", list(felt, rpcLimits.proofKeys), name);
  if (contract === undefined || keys === undefined) {
    throw invalidParams(`invalid ${name}: expected contract_address and storage_keys`);
  }
  return { address: contract, keys };
};

export const stateMethods = (chain: Chain): Record<string, Method> => {
  const classOf = async (number: number, classHash: Hex): Promise<SierraClass> =>
    found(await chain.read({ kind: "class", number, classHash }), "CLASS_HASH_NOT_FOUND");

  const classHashAt = async (number: number, contract: Hex) =>
    found(await chain.read({ kind: "classHashAt", number, address: contract }), "CONTRACT_NOT_FOUND");

  return {
    starknet_getNonce: async (params) => {
      const given = parameters(params, "block_id", "contract_address");
      const id = given.required("block_id", blockId);
      const contract = given.required("contract_address", address);
      const read = { kind: "nonce", number: await chain.stateAt(id), address: contract } as const;
      const nonce = found(await chain.read(read), "CONTRACT_NOT_FOUND");
      if (id !== "pre_confirmed") return nonce;
      // What waits in the mempool counts into the block that is being built.
      return `0x${chain.services.nextNonce(contract, Number(nonce)).toString(16)}`;
    },
    starknet_getStorageAt: async (params) => {
      const given = parameters(params, "contract_address", "key", "block_id", "response_flags");
      const contract = given.required("contract_address", address);
      const key = given.required("key", felt);
      const number = await chain.stateAt(given.required("block_id", blockId));
      given.optional("response_flags", noFlags);
      return found(await chain.read({ kind: "storage", number, address: contract, key }), "CONTRACT_NOT_FOUND");
    },
    starknet_getClassHashAt: async (params) => {
      const given = parameters(params, "block_id", "contract_address");
      const contract = given.required("contract_address", address);
      return await classHashAt(await chain.stateAt(given.required("block_id", blockId)), contract);
    },
    starknet_getClassAt: async (params) => {
      const given = parameters(params, "block_id", "contract_address");
      const contract = given.required("contract_address", address);
      const number = await chain.stateAt(given.required("block_id", blockId));
      return await classOf(number, await classHashAt(number, contract));
    },
    starknet_getClass: async (params) => {
      const given = parameters(params, "block_id", "class_hash");
      const classHash = given.required("class_hash", felt);
      return await classOf(await chain.stateAt(given.required("block_id", blockId)), classHash);
    },
    starknet_getCompiledCasm: async (params) => {
      const classHash = parameters(params, "class_hash").required("class_hash", felt);
      const number = chain.head("ACCEPTED_ON_L2");
      return found(await chain.read({ kind: "casm", number, classHash }), "CLASS_HASH_NOT_FOUND");
    },
    starknet_getStorageProof: async (params) => {
      const names = ["block_id", "class_hashes", "contract_addresses", "contracts_storage_keys"] as const;
      const given = parameters(params, ...names);
      const id = given.required("block_id", blockId);
      const classHashes = given.optional("class_hashes", list(felt, rpcLimits.proofClasses)) ?? [];
      const addresses = given.optional("contract_addresses", list(address, rpcLimits.proofContracts)) ?? [];
      const slots = given.optional("contracts_storage_keys", list(storageKeys, rpcLimits.proofContracts)) ?? [];
      if (id === "pre_confirmed") throw invalidParams("invalid block_id: pre_confirmed has no proofs yet");
      return await chain.read({ kind: "prove", number: await chain.numberOf(id), classHashes, addresses, slots });
    },
  };
};
