/** Methods that execute without leaving a trace: calls, estimates, simulations; and traces of what was executed. */
import type { Hex } from "../../../protocol/bytes.ts";
import { invalidParams } from "../../jsonRpc/error.ts";
import { list, member, object, type Reader } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { feltOf, shortString } from "../felt.ts";
import type { CairoRead, CallOutcome, GasPrices, Simulation } from "../reads.ts";
import type { CairoReceipt } from "../receipt.ts";
import { encodeTransaction } from "../transaction.ts";
import { transactionFromJson } from "../transactionJson.ts";
import { blockId } from "./blockId.ts";
import { type ChainBlock, nativeIdOf } from "./blocks.ts";
import type { Chain } from "./chain.ts";
import { starknetError } from "./errors.ts";
import { rpcLimits } from "./limits.ts";
import { address, felt, noFlags, oneOf, parameters, unread } from "./params.ts";
import { findTransaction } from "./transactions.ts";

type Simulated = Extract<Simulation, { kind: "simulated" }>["transactions"];
type Executed = Extract<CairoRead, { kind: "simulate" }>["transactions"];

/** What the runtime panics with when a contract has no such entry point. */
const entryPointNotFound = shortString("ENTRYPOINT_NOT_FOUND");

const functionCall: Reader<{ address: Hex; selector: Hex; calldata: Hex[] }> = (value, name) => {
  const call = object(value, name);
  const contract = member(call, "contract_address", address, name);
  const selector = member(call, "entry_point_selector", felt, name);
  if (contract === undefined || selector === undefined) {
    throw invalidParams(`invalid ${name}: expected contract_address, entry_point_selector and calldata`);
  }
  return {
    address: contract,
    selector,
    calldata: member(call, "calldata", list(felt, rpcLimits.calldata), name) ?? [],
  };
};

/** A felt, and the text that it may be. */
const shown = (value: Hex): string => {
  const digits = value.slice(2);
  const text = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex").toString("latin1");
  return /^[\x20-\x7e]+$/.test(text) ? `${value} ('${text}')` : value;
};

/** Why a call failed, in the words of Starknet's nodes. */
const revertText = ({ error, data }: Extract<CallOutcome, { kind: "failed" }>): string =>
  data.length === 0 ? error : `Execution failed. Failure reason: ${data.map(shown).join(", ")}.`;

/** `MSG_FROM_L1`. */
const l1Message: Reader<{ from: Hex; to: Hex; selector: Hex; payload: Hex[] }> = (value, name) => {
  const message = object(value, name);
  const from = member(message, "from_address", address, name);
  const to = member(message, "to_address", address, name);
  const selector = member(message, "entry_point_selector", felt, name);
  if (from === undefined || to === undefined || selector === undefined) {
    throw invalidParams(`invalid ${name}: expected from_address, to_address, entry_point_selector and payload`);
  }
  return { from, to, selector, payload: member(message, "payload", list(felt, rpcLimits.calldata), name) ?? [] };
};

/** @throws RpcError where one is no transaction that is taken */
const transactionsOf = (values: readonly unknown[], name: string): Executed =>
  values.map((value, index) => {
    const read = transactionFromJson(value);
    if (read.ok) return { bytes: encodeTransaction(read.value.transaction), query: read.value.query };
    if (read.error.code === "unsupported") throw starknetError("UNSUPPORTED_TX_VERSION", read.error.message);
    throw invalidParams(`invalid ${name}[${index}]: ${read.error.message}`);
  });

/** `FEE_ESTIMATE_COMMON`, in a unit. */
const estimateJson = (used: CairoReceipt["execution_resources"], prices: GasPrices, unit: "FRI" | "WEI" = "FRI") => {
  const fee = (amount: number, price: Hex): bigint => BigInt(amount) * BigInt(price);
  const total =
    fee(used.l1_gas, prices.l1_gas) + fee(used.l1_data_gas, prices.l1_data_gas) + fee(used.l2_gas, prices.l2_gas);
  return {
    l1_gas_consumed: feltOf(used.l1_gas),
    l1_gas_price: prices.l1_gas,
    l2_gas_consumed: feltOf(used.l2_gas),
    l2_gas_price: prices.l2_gas,
    l1_data_gas_consumed: feltOf(used.l1_data_gas),
    l1_data_gas_price: prices.l1_data_gas,
    overall_fee: feltOf(total),
    unit,
  };
};

/** @throws RpcError when one of them can't be executed */
const simulated = (simulation: Simulation): Simulated => {
  if (simulation.kind === "simulated") return simulation.transactions;
  const { index, reason } = simulation;
  throw starknetError("TRANSACTION_EXECUTION_ERROR", { transaction_index: index, execution_error: reason });
};

export const executionMethods = (chain: Chain): Record<string, Method> => {
  /** Traces of a block's transactions, up to that at `last`. */
  const traces = async (block: ChainBlock, last: number): Promise<Simulated> => {
    if (last >= rpcLimits.estimated) {
      throw starknetError("NO_TRACE_AVAILABLE", `only the first ${rpcLimits.estimated} of a block are traced`);
    }
    const transactions = block.transactions.slice(0, last + 1).map(({ bytes }) => bytes);
    if (transactions.length === 0) return [];
    return simulated(await chain.read({ kind: "trace", number: block.number, transactions }));
  };

  return {
    starknet_call: async (params) => {
      const given = parameters(params, "request", "block_id");
      const call = given.required("request", functionCall);
      const number = await chain.stateAt(given.required("block_id", blockId));
      const outcome = await chain.read({ kind: "call", number, ...call });
      if (outcome === null) throw starknetError("CONTRACT_NOT_FOUND");
      if (outcome.kind === "returned") return outcome.result;
      if (outcome.data.length === 1 && outcome.data[0] === entryPointNotFound)
        throw starknetError("ENTRYPOINT_NOT_FOUND");
      throw starknetError("CONTRACT_ERROR", { revert_error: revertText(outcome) });
    },
    starknet_estimateFee: async (params) => {
      const given = parameters(params, "request", "simulation_flags", "block_id");
      const transactions = transactionsOf(given.required("request", list(unread, rpcLimits.estimated)), "request");
      const flags = given.optional("simulation_flags", list(oneOf("SKIP_VALIDATE"), 1)) ?? [];
      const number = await chain.stateAt(given.required("block_id", blockId));
      const results = simulated(
        await chain.read({
          ...{ kind: "simulate", number, transactions },
          ...{ skipValidate: flags.includes("SKIP_VALIDATE"), skipFeeCharge: true },
        }),
      );
      return results.map(({ receipt, prices }, index) => {
        if (receipt.execution_status === "SUCCEEDED") return estimateJson(receipt.execution_resources, prices);
        const data = { transaction_index: index, execution_error: receipt.revert_reason ?? "" };
        throw starknetError("TRANSACTION_EXECUTION_ERROR", data);
      });
    },
    starknet_estimateMessageFee: async (params) => {
      const given = parameters(params, "message", "block_id");
      const message = given.required("message", l1Message);
      const number = await chain.stateAt(given.required("block_id", blockId));
      const outcome = await chain.read({ kind: "message", number, ...message });
      if (outcome === null) throw starknetError("CONTRACT_NOT_FOUND");
      if (outcome.kind === "failed") throw starknetError("CONTRACT_ERROR", { revert_error: outcome.error });
      return estimateJson(outcome.resources, await chain.read({ kind: "prices" }), "WEI");
    },
    starknet_simulateTransactions: async (params) => {
      const given = parameters(params, "block_id", "transactions", "simulation_flags", "trace_flags");
      const transactions = transactionsOf(
        given.required("transactions", list(unread, rpcLimits.estimated)),
        "transactions",
      );
      const flags = given.optional("simulation_flags", list(oneOf("SKIP_VALIDATE", "SKIP_FEE_CHARGE"), 2)) ?? [];
      given.optional("trace_flags", noFlags);
      const number = await chain.stateAt(given.required("block_id", blockId));
      const results = simulated(
        await chain.read({
          ...{ kind: "simulate", number, transactions },
          ...{ skipValidate: flags.includes("SKIP_VALIDATE"), skipFeeCharge: flags.includes("SKIP_FEE_CHARGE") },
        }),
      );
      return results.map(({ receipt, trace, prices }) => ({
        transaction_trace: trace,
        fee_estimation: estimateJson(receipt.execution_resources, prices),
      }));
    },
    starknet_traceTransaction: async (params) => {
      const hash = parameters(params, "transaction_hash").required("transaction_hash", felt);
      const found = await findTransaction(chain, hash);
      if (found === undefined) {
        if (chain.services.pending(nativeIdOf(hash)) === undefined) throw starknetError("TXN_HASH_NOT_FOUND");
        throw starknetError("NO_TRACE_AVAILABLE", { status: "RECEIVED" });
      }
      return (await traces(found.block, found.index)).at(-1)?.trace;
    },
    starknet_traceBlockTransactions: async (params) => {
      const given = parameters(params, "block_id", "trace_flags");
      const id = given.required("block_id", blockId);
      given.optional("trace_flags", noFlags);
      if (id === "pre_confirmed") throw invalidParams("invalid block_id: pre_confirmed has no traces yet");
      const block = await chain.block(await chain.numberOf(id));
      const shown = await traces(block, block.transactions.length - 1);
      return shown.map(({ receipt, trace }) => ({ transaction_hash: receipt.transaction_hash, trace_root: trace }));
    },
  };
};
