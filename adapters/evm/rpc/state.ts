/** Methods that read state: accounts, storage, proofs, calls. */
import { invalidParams } from "../../jsonRpc/error.ts";
import { list, object, optional, positional, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { blockReference } from "./blockTag.ts";
import { callRequest } from "./callRequest.ts";
import type { Chain } from "./chain.ts";
import { callFailed } from "./errors.ts";
import { hexOf } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { address, slot } from "./params.ts";

export const stateMethods = (chain: Chain): Record<string, Method> => {
  const numberAt = (values: readonly unknown[], index: number): Promise<number> =>
    chain.stateAt(optional(values, index, blockReference) ?? "latest");

  return {
    eth_getBalance: async (params) => {
      const values = positional(params, 2);
      const of = required(values, 0, address);
      const { balance } = await chain.read({ kind: "account", number: await numberAt(values, 1), address: of });
      return hexOf(balance);
    },
    eth_getTransactionCount: async (params) => {
      const values = positional(params, 2);
      const of = required(values, 0, address);
      const { nonce } = await chain.read({ kind: "account", number: await numberAt(values, 1), address: of });
      return hexOf(values[1] === "pending" ? chain.services.nextNonce(of, nonce) : nonce);
    },
    eth_getCode: async (params) => {
      const values = positional(params, 2);
      const of = required(values, 0, address);
      return chain.read({ kind: "code", number: await numberAt(values, 1), address: of });
    },
    eth_getStorageAt: async (params) => {
      const values = positional(params, 3);
      const of = required(values, 0, address);
      const at = required(values, 1, slot);
      return chain.read({ kind: "storage", number: await numberAt(values, 2), address: of, slot: at });
    },
    eth_getProof: async (params) => {
      const values = positional(params, 3);
      const of = required(values, 0, address);
      const slots = required(values, 1, list(slot, rpcLimits.proofSlots));
      const proof = await chain.read({ kind: "prove", number: await numberAt(values, 2), address: of, slots });
      return {
        ...proof,
        balance: hexOf(proof.balance),
        nonce: hexOf(proof.nonce),
        storageProof: proof.storageProof.map((entry, index) => ({
          key: keyAsAsked((values[1] as readonly string[])[index], entry.key),
          value: hexOf(entry.value),
          proof: entry.proof,
        })),
      };
    },
    eth_call: async (params) => {
      const values = positional(params, 4);
      const request = required(values, 0, callRequest);
      refuseOverrides(values, 2);
      const outcome = await chain.read({ kind: "call", number: await numberAt(values, 1), request });
      if (!outcome.success) throw callFailed(outcome.output, outcome.reason ?? "failed");
      return outcome.output;
    },
    eth_estimateGas: async (params) => {
      const values = positional(params, 4);
      const request = required(values, 0, callRequest);
      refuseOverrides(values, 2);
      const estimate = await chain.read({ kind: "estimate", number: await numberAt(values, 1), request });
      if (estimate.kind === "failed") throw callFailed(estimate.output, estimate.reason);
      return hexOf(estimate.gas);
    },
  };
};

/** A key of 32 bytes comes back whole, a shorter one as the quantity that it was (geth's reading of EIP-1186). */
const keyAsAsked = (asked: string | undefined, key: string): string =>
  asked?.length === key.length ? key : `0x${key.slice(2).replace(/^0{1,63}/, "")}`;

const refuseOverrides = (values: readonly unknown[], from: number): void => {
  for (let index = from; index < values.length; index++) {
    const overrides = optional(values, index, object);
    if (overrides !== undefined && Object.keys(overrides).length > 0) {
      throw invalidParams(`invalid argument ${index}: overrides of state and block aren't supported`);
    }
  }
};
