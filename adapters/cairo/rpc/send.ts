/** Methods that take signed transactions in. */
import type { Hex } from "../../../protocol/bytes.ts";
import { type Result, success } from "../../../protocol/errors.ts";
import { transactionLimits } from "../../../protocol/limits.ts";
import { invalidParams } from "../../jsonRpc/error.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { feltOf } from "../felt.ts";
import { type CairoTransaction, encodeTransaction } from "../transaction.ts";
import { transactionFromJson } from "../transactionJson.ts";
import type { Chain } from "./chain.ts";
import { starknetError, submissionError } from "./errors.ts";
import { parameters, unread } from "./params.ts";

type Of<Type extends CairoTransaction["type"]> = Extract<CairoTransaction, { type: Type }>;

/** The version of Sierra classes that Starknet has had so far. */
const classVersion = "0.1.0";

/** @throws RpcError when it is none of that type, or only to be simulated */
const transactionOf = <Type extends CairoTransaction["type"]>(json: unknown, type: Type): Of<Type> => {
  const read = transactionFromJson(json);
  if (!read.ok) {
    if (read.error.code === "unsupported") throw starknetError("UNSUPPORTED_TX_VERSION", read.error.message);
    throw invalidParams(read.error.message);
  }
  const { transaction, query } = read.value;
  if (query) throw starknetError("UNSUPPORTED_TX_VERSION", "a query version is only to be simulated: sign version 0x3");
  if (transaction.type !== type) throw invalidParams(`not an ${type} transaction: it is ${transaction.type}`);
  return transaction as Of<Type>;
};

/** @throws RpcError when it is longer than a transaction may be */
const encoded = (transaction: CairoTransaction): Uint8Array => {
  const bytes = encodeTransaction(transaction);
  if (bytes.length <= transactionLimits.cairo) return bytes;
  const message = `it has ${bytes.length} bytes, at most ${transactionLimits.cairo} are taken`;
  throw submissionError({ code: "oversized", message });
};

export const sendMethods = (chain: Chain): Record<string, Method> => {
  /** Gives the hash under which it was taken in, or why it was not. */
  const trySubmit = async (bytes: Uint8Array): Promise<Result<Hex>> => {
    const [result] = await chain.services.submit([bytes]);
    if (result === undefined) throw new Error("the submission got no answer");
    return result.ok ? success(feltOf(BigInt(result.value.nativeId))) : result;
  };

  const submit = async (bytes: Uint8Array): Promise<Hex> => {
    const result = await trySubmit(bytes);
    if (!result.ok) throw submissionError(result.error);
    return result.value;
  };

  const factsOf = (transaction: Uint8Array) => chain.read({ kind: "facts", transaction });

  /** The newest state knows a class by its hash. */
  const isDeclared = async (classHash: Hex | undefined): Promise<boolean> => {
    if (classHash === undefined) return false;
    return (await chain.read({ kind: "class", number: chain.head("ACCEPTED_ON_L2"), classHash })) !== null;
  };

  return {
    starknet_addInvokeTransaction: async (params) => {
      const json = parameters(params, "invoke_transaction").required("invoke_transaction", unread);
      return { transaction_hash: await submit(encoded(transactionOf(json, "INVOKE"))) };
    },
    starknet_addDeclareTransaction: async (params) => {
      const json = parameters(params, "declare_transaction").required("declare_transaction", unread);
      const transaction = transactionOf(json, "DECLARE");
      if (transaction.contract_class.contract_class_version !== classVersion) {
        throw starknetError("UNSUPPORTED_CONTRACT_CLASS_VERSION", `only ${classVersion} is taken`);
      }
      const bytes = encoded(transaction);
      const facts = await factsOf(bytes);
      if (await isDeclared(facts?.classHash)) throw starknetError("CLASS_ALREADY_DECLARED");
      return { transaction_hash: await submit(bytes), class_hash: facts?.classHash };
    },
    starknet_addDeployAccountTransaction: async (params) => {
      const json = parameters(params, "deploy_account_transaction").required("deploy_account_transaction", unread);
      const transaction = transactionOf(json, "DEPLOY_ACCOUNT");
      const bytes = encoded(transaction);
      const result = await trySubmit(bytes);
      if (!result.ok) {
        const isUnknown = result.error.code === "invalid" && !(await isDeclared(transaction.class_hash));
        throw isUnknown ? starknetError("CLASS_HASH_NOT_FOUND") : submissionError(result.error);
      }
      return { transaction_hash: result.value, contract_address: (await factsOf(bytes))?.sender };
    },
  };
};
