/** Methods that take transactions in: to send, to simulate, and the faucet's. */
import { createPrivateKey, createPublicKey, type KeyObject, randomInt, sign } from "node:crypto";
import { concatBytes, fromHex } from "../../../protocol/bytes.ts";
import { transactionLimits } from "../../../protocol/limits.ts";
import { errorCodes, invalidParams, RpcError } from "../../jsonRpc/error.ts";
import { boolean, list, member, object, positional, type Reader, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { programs } from "../addresses.ts";
import { fromBase58Text, toBase58 } from "../base58.ts";
import { createWriter } from "../binary.ts";
import type { Simulation } from "../reads.ts";
import { decodeTransaction } from "../transaction.ts";
import { errorJson } from "../transactionError.ts";
import { inContext, showAccounts } from "./accounts.ts";
import type { Chain } from "./chain.ts";
import { preflightFailure, submissionError } from "./errors.ts";
import { innerJson, returnDataJson } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { address, base64, type Config, checkContextSlot, configAt, encodingOf, oneOf, setting } from "./params.ts";

const most = transactionLimits.svm;

const base58Transaction: Reader<Uint8Array> = (value, name) => {
  const bytes = typeof value === "string" ? fromBase58Text(value, most) : undefined;
  if (bytes === undefined)
    throw invalidParams(`invalid ${name}: expected a transaction in base58, at most ${most} bytes`);
  return bytes;
};

/** Bare text is base58, as ever. */
const transactionAt = (values: readonly unknown[], config: Config): Uint8Array => {
  const encoding = setting(config, "encoding", oneOf("base58", "base64")) ?? "base58";
  const bytes = required(values, 0, encoding === "base64" ? base64(most) : base58Transaction);
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok)
    throw new RpcError(errorCodes.invalidParams, `failed to deserialize transaction: ${decoded.error.message}`);
  return bytes;
};

/** What stands for a transaction that is in already: clients send again until they see it confirmed. */
const knownCodes = ["already_known", "duplicate"];

export const sendMethods = (chain: Chain): Record<string, Method> => {
  const submit = async (bytes: Uint8Array): Promise<string> => {
    const [result] = await chain.services.submit([bytes]);
    if (result === undefined) throw new Error("the submission got no answer");
    if (!result.ok && !knownCodes.includes(result.error.code)) throw submissionError(result.error);
    return toBase58(bytes.subarray(1, 65));
  };

  const simulate = (
    transaction: Uint8Array,
    options: { verify: boolean; recent: boolean },
    accounts: Uint8Array[] = [],
  ) => chain.read({ kind: "simulate", transaction, ...options, accounts });

  const faucet = chain.config.faucet === undefined ? undefined : createFaucet(chain.config.faucet);

  return {
    sendTransaction: async (params) => {
      const values = positional(params, 2);
      const config = configAt(values, 1);
      const bytes = transactionAt(values, config);
      checkContextSlot(config, chain.numberAt("processed"));
      if (setting(config, "skipPreflight", boolean) !== true) {
        const simulation = await simulate(bytes, { verify: true, recent: true });
        if (simulation.error !== undefined) throw preflightFailure(simulation, simulation.error);
      }
      return await submit(bytes);
    },
    simulateTransaction: async (params) => {
      const values = positional(params, 2);
      const config = configAt(values, 1);
      const bytes = transactionAt(values, config);
      const verify = setting(config, "sigVerify", boolean) ?? false;
      const replaces = setting(config, "replaceRecentBlockhash", boolean) ?? false;
      if (verify && replaces) throw invalidParams("sigVerify may not be used with replaceRecentBlockhash");
      const shown = setting(config, "accounts", object);
      const keys =
        shown === undefined
          ? []
          : (member(shown, "addresses", list(address, rpcLimits.multipleAccounts), "accounts") ?? []);
      const slot = chain.numberAt("processed");
      checkContextSlot(config, slot);
      const simulation = await simulate(bytes, { verify, recent: !replaces }, keys);
      const { block } = await chain.block(slot);
      return inContext(slot, {
        ...(await simulationJson(chain, slot, simulation, shown)),
        ...(setting(config, "innerInstructions", boolean) === true
          ? { innerInstructions: innerJson(simulation.inner) }
          : {}),
        replacementBlockhash: replaces
          ? { blockhash: toBase58(block.blockhash), lastValidBlockHeight: slot + 150 }
          : null,
      });
    },
    requestAirdrop: async (params) => {
      const values = positional(params, 3);
      const to = required(values, 0, address);
      const lamports = required(values, 1, airdropLamports);
      if (faucet === undefined) throw new RpcError(errorCodes.methodNotFound, "this network has no faucet");
      const { block } = await chain.block(chain.numberAt("processed"));
      return await submit(faucet(to, lamports, block.blockhash));
    },
  };
};

const simulationJson = async (chain: Chain, slot: number, simulation: Simulation, shown: Config | undefined) => {
  const { error, logs, unitsConsumed, returnData, accounts } = simulation;
  const encoding = shown === undefined ? undefined : (encodingOf(shown) ?? "base64");
  return {
    err: error === undefined ? null : errorJson(error),
    logs,
    accounts: shown === undefined ? null : await showAccounts(chain, slot, accounts, { encoding }),
    unitsConsumed,
    returnData: returnDataJson(returnData),
  };
};

const airdropLamports: Reader<bigint> = (value, name) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value <= 0) {
    throw invalidParams(`invalid ${name}: expected a positive number of lamports`);
  }
  if (BigInt(value) > rpcLimits.airdropLamports) {
    throw invalidParams(`invalid ${name}: one airdrop gives at most ${rpcLimits.airdropLamports} lamports`);
  }
  return BigInt(value);
};

/** DER in front of an ed25519 seed (PKCS #8), and in front of its public key (X.509). */
const seedPrefix = Buffer.from("302e020100300506032b657004220420", "hex");
const publicKeyPrefixBytes = 12;

const keysOf = (seed: Uint8Array): { secret: KeyObject; address: Uint8Array } => {
  const secret = createPrivateKey({ key: Buffer.concat([seedPrefix, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  return { secret, address: Uint8Array.from(spki.subarray(publicKeyPrefixBytes)) };
};

/** Tag of `SetLoadedAccountsDataSizeLimit`; its value makes airdrops of the same amount to the same account differ. */
const loadedBytesTag = 4;
const loadedBytes = { least: 2 ** 24, most: 2 ** 26 } as const;
const transferTag = 2;

/** Signs transfers from the account with this seed. */
const createFaucet = (seed: string) => {
  const { secret, address: from } = keysOf(fromHex(seed) ?? new Uint8Array(32));
  return (to: Uint8Array, lamports: bigint, recent: Uint8Array): Uint8Array => {
    const distinct = createWriter().u8(loadedBytesTag).u32(randomInt(loadedBytes.least, loadedBytes.most)).done();
    const transfer = createWriter().u32(transferTag).u64(lamports).done();
    // One signer, no read-only signers, the two programs read-only.
    const message = concatBytes(
      Uint8Array.of(1, 0, 2, 4),
      ...[from, to, programs.system, programs.computeBudget],
      recent,
      Uint8Array.of(2),
      ...[Uint8Array.of(3, 0, distinct.length), distinct],
      ...[Uint8Array.of(2, 2, 0, 1, transfer.length), transfer],
    );
    return concatBytes(Uint8Array.of(1), sign(null, message, secret), message);
  };
};
