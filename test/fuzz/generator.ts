/** What the fuzzer needs of a VM: one file each, listed here. */
import type { Account, CairoAccount } from "../../devnet/accounts.ts";
import type { Random } from "../replay/random.ts";
import { cairoGenerator } from "./cairo.ts";
import { dataGenerator } from "./data.ts";
import { evmGenerator } from "./evm.ts";

export type Call = { method: string; params: unknown };

export type VmGenerator = {
  domain: number;
  /** Bytes that are nearly, and now and then really, a transaction. The same randomness gives the same bytes. */
  transaction(random: Random): Promise<Uint8Array>;
  /** The VM's own JSON-RPC, where it has one. */
  rpc?: {
    /** A call as a client makes it. */
    call(random: Random): Call;
    /** The call that submits a transaction. */
    submit(transaction: Uint8Array): Call;
  };
};

/** Signers are funded accounts that nobody else uses. */
export const createGenerators = (evm: Account, cairo: CairoAccount): VmGenerator[] => [
  dataGenerator,
  evmGenerator(evm),
  cairoGenerator(cairo),
];
