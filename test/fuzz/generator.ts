/** What the fuzzer needs of a VM: one file each, listed here. */
import type { Accounts } from "../../devnet/accounts.ts";
import type { Random } from "../replay/random.ts";
import { cairoGenerator } from "./cairo.ts";
import { dataGenerator } from "./data.ts";
import { evmGenerator } from "./evm.ts";
import { fuelGenerator } from "./fuel.ts";
import { svmGenerator } from "./svm.ts";

export type Call = { method: string; params: unknown };

export type GraphqlRequest = { query: string; variables?: unknown; operationName?: unknown; extensions?: unknown };

export type VmGenerator = {
  domain: number;
  /** Learns from a validator's RPC what transactions depend on, such as a recent blockhash; asked now and then. */
  look?(rpc: string): Promise<void>;
  /**
   * Bytes that are nearly, and now and then really, a transaction. The same randomness and number give the same
   * bytes where the same was learnt; neighbouring numbers may tell one story.
   */
  transaction(random: Random, number: number): Promise<Uint8Array>;
  /** The VM's own JSON-RPC, where it has one. */
  rpc?: {
    /** A call as a client makes it. */
    call(random: Random): Call;
    /** The call that submits a transaction. */
    submit(transaction: Uint8Array, random: Random): Call;
  };
  /** The VM's own GraphQL API, where it has one instead. */
  graphql?: {
    /** A request as a client makes it. */
    request(random: Random): GraphqlRequest;
    /** One that submits a transaction, or asks what it would do. */
    submit(transaction: Uint8Array, random: Random): GraphqlRequest;
  };
};

/** First of the devnet's accounts that sign what is mutated, and nothing else. */
const signerIndex = 7;

/** @param accounts funded ones of a devnet with all VMs */
export const createGenerators = ({ evm, svm, cairo, fuel }: Accounts): VmGenerator[] => {
  const [ether, strk, coins] = [evm?.[signerIndex], cairo?.[signerIndex], fuel?.[signerIndex]];
  const sols = svm?.slice(signerIndex) ?? [];
  if (ether === undefined || sols.length === 0 || strk === undefined || coins === undefined)
    throw new Error(`the devnet has no account ${signerIndex} of each VM`);
  return [dataGenerator, evmGenerator(ether), svmGenerator(sols), cairoGenerator(strk), fuelGenerator(coins)];
};
