/** Methods that answer with accounts. */
import { toHex } from "../../../protocol/bytes.ts";
import { RpcError } from "../../jsonRpc/error.ts";
import {
  boolean,
  expected,
  list,
  member,
  object,
  optional,
  positional,
  type Reader,
  required,
} from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import type { SvmAccount } from "../account.ts";
import { fromBase58Text, toBase58 } from "../base58.ts";
import { executorLimits } from "../limits.ts";
import type { AccountFilter } from "../reads.ts";
import { mintOf, tokenAccountOf } from "../token.ts";
import type { Chain } from "./chain.ts";
import { accountJson } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import {
  address,
  base64,
  type Config,
  checkContextSlot,
  commitmentOf,
  configAt,
  dataSliceOf,
  encodingOf,
  oneOf,
  setting,
  uint,
} from "./params.ts";

/** A value with the slot whose state it is of. */
export const inContext = <T>(slot: number, value: T) => ({ context: { apiVersion: "4.0.0", slot }, value });

/** The block whose state a config asks for. */
export const stateFor = (chain: Chain, config: Config): number => {
  const number = chain.numberAt(commitmentOf(config));
  checkContextSlot(config, number);
  return number;
};

/** Accounts in the encoding that a config asks for. */
export const showAccounts = async (
  chain: Chain,
  number: number,
  accounts: readonly (SvmAccount | undefined)[],
  config: Config,
): Promise<(Record<string, unknown> | null)[]> => {
  const [encoding, slice] = [encodingOf(config), dataSliceOf(config)];
  const mints = encoding === "jsonParsed" ? await decimalsOf(chain, number, accounts) : [];
  return accounts.map((account, i) => (account === undefined ? null : accountJson(account, encoding, slice, mints[i])));
};

/** Decimals of the mints of those that are token accounts. */
const decimalsOf = async (chain: Chain, number: number, accounts: readonly (SvmAccount | undefined)[]) => {
  const mints = accounts.map((account) => tokenAccountOf(account)?.mint);
  const keys = [
    ...new Map(mints.flatMap((mint) => (mint === undefined ? [] : [[toBase58(mint), mint] as const]))).values(),
  ];
  const decimals = new Map<string, number>();
  for (let start = 0; start < keys.length; start += executorLimits.readKeys) {
    const some = keys.slice(start, start + executorLimits.readKeys);
    const found = await chain.read({ kind: "accounts", number, keys: some });
    some.forEach((key, i) => {
      const mint = mintOf(found[i]);
      if (mint !== undefined) decimals.set(toBase58(key), mint.decimals);
    });
  }
  return mints.map((mint) => (mint === undefined ? undefined : decimals.get(toBase58(mint))));
};

const memcmpBytes = (compare: Config): Uint8Array => {
  const encoding = member(compare, "encoding", oneOf("base58", "base64", "bytes"), "memcmp") ?? "base58";
  const value = compare.bytes;
  const most = executorLimits.comparedBytes;
  if (encoding === "base64") return base64(most)(value, "memcmp.bytes");
  if (Array.isArray(value)) return Uint8Array.from(list(uint, most)(value, "memcmp.bytes"));
  const bytes = typeof value === "string" ? fromBase58Text(value, most) : undefined;
  if (bytes === undefined) throw expected("memcmp.bytes", `at most ${most} bytes in base58`, value);
  return bytes;
};

export const accountFilter: Reader<AccountFilter> = (value, name) => {
  const holder = object(value, name);
  const dataSize = member(holder, "dataSize", uint, name);
  if (dataSize !== undefined) return { dataSize };
  const compare = member(holder, "memcmp", object, name);
  if (compare === undefined) throw expected(name, "an object with dataSize or memcmp", value);
  return { offset: member(compare, "offset", uint, "memcmp") ?? 0, bytes: memcmpBytes(compare) };
};

export const accountMethods = (chain: Chain): Record<string, Method> => {
  const readAccounts = async (keys: Uint8Array[], config: Config) => {
    const number = stateFor(chain, config);
    return { number, accounts: await chain.read({ kind: "accounts", number, keys }) };
  };

  return {
    getBalance: async (params) => {
      const values = positional(params, 2);
      const { number, accounts } = await readAccounts([required(values, 0, address)], configAt(values, 1));
      return inContext(number, accounts[0]?.lamports ?? 0n);
    },
    getAccountInfo: async (params) => {
      const values = positional(params, 2);
      const config = configAt(values, 1);
      const { number, accounts } = await readAccounts([required(values, 0, address)], config);
      const [shown] = await showAccounts(chain, number, accounts, config);
      return inContext(number, shown ?? null);
    },
    getMultipleAccounts: async (params) => {
      const values = positional(params, 2);
      const config = configAt(values, 1);
      const keys = required(values, 0, list(address, rpcLimits.multipleAccounts));
      const { number, accounts } = await readAccounts(keys, config);
      const inBase64 = { encoding: "base64", ...config };
      return inContext(number, await showAccounts(chain, number, accounts, inBase64));
    },
    getProgramAccounts: async (params) => {
      const values = positional(params, 2);
      const owner = required(values, 0, address);
      const config = configAt(values, 1);
      const filters = setting(config, "filters", list(accountFilter, executorLimits.filters)) ?? [];
      const number = stateFor(chain, config);
      const found = await chain.read({ kind: "owned", number, owner, filters });
      const accounts = found.map(({ account }) => account);
      const shown = await showAccounts(chain, number, accounts, config);
      const listed = found.map(({ key }, i) => ({ pubkey: toBase58(key), account: shown[i] }));
      return setting(config, "withContext", boolean) === true ? inContext(number, listed) : listed;
    },
    // Solana has no proofs of accounts; this is ours, in the encodings of `proof.ts`, as hexadecimal.
    getAccountProof: async (params) => {
      const values = positional(params, 2);
      const key = required(values, 0, address);
      const config = optional(values, 1, object) ?? {};
      const asked = setting(config, "slot", uint);
      const number = asked ?? stateFor(chain, config);
      if (number > chain.numberAt("processed")) throw new RpcError(-32004, `Block not available for slot ${number}`);
      const { account, siblings, other } = await chain.read({ kind: "prove", number, key });
      return inContext(number, {
        account: account === undefined ? null : toHex(account),
        siblings: siblings.map(toHex),
        other: other === undefined ? null : { path: toHex(other.path), value: toHex(other.value) },
      });
    },
  };
};
