/** Methods about balances of SPL tokens. */
import { equalBytes } from "../../../protocol/bytes.ts";
import { errorCodes, invalidParams, RpcError } from "../../jsonRpc/error.ts";
import { object, positional, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { toBase58 } from "../base58.ts";
import type { KeyedAccount } from "../engine.ts";
import type { AccountFilter } from "../reads.ts";
import { mintOf, tokenAccountOf, tokenFields, tokenPrograms } from "../token.ts";
import { inContext, showAccounts, stateFor } from "./accounts.ts";
import type { Chain } from "./chain.ts";
import { address, configAt, setting } from "./params.ts";
import { tokenAmount } from "./parsed.ts";

const notA = (what: string): RpcError => new RpcError(errorCodes.invalidParams, `Invalid param: not a Token ${what}`);

export const tokenMethods = (chain: Chain): Record<string, Method> => {
  const read = async (number: number, key: Uint8Array) =>
    (await chain.read({ kind: "accounts", number, keys: [key] }))[0];

  /** Token accounts with a key in a field of theirs, of one mint or of one token program. */
  const listBy = (field: keyof typeof tokenFields): Method => {
    const delegated: AccountFilter[] =
      field === "delegate" ? [{ offset: tokenFields.delegateOption, bytes: Uint8Array.of(1, 0, 0, 0) }] : [];
    return async (params) => {
      const values = positional(params, 3);
      const key = required(values, 0, address);
      const choice = required(values, 1, object);
      const [mint, programId] = [setting(choice, "mint", address), setting(choice, "programId", address)];
      if ((mint === undefined) === (programId === undefined)) {
        throw invalidParams("invalid argument 1: expected an object with either mint or programId");
      }
      const config = configAt(values, 2);
      const number = stateFor(chain, config);
      const filters = [{ offset: tokenFields[field], bytes: key }, ...delegated];
      if (mint !== undefined) filters.push({ offset: tokenFields.mint, bytes: mint });
      const owners = tokenPrograms.filter((program) => programId === undefined || equalBytes(program, programId));
      if (owners.length === 0) throw invalidParams("Invalid param: unrecognized Token program id");
      const found: KeyedAccount[] = [];
      for (const owner of owners) found.push(...(await chain.read({ kind: "owned", number, owner, filters })));
      const tokens = found.filter(({ account }) => tokenAccountOf(account) !== undefined);
      const accounts = tokens.map(({ account }) => account);
      const shown = await showAccounts(chain, number, accounts, config);
      return inContext(
        number,
        tokens.map(({ key }, i) => ({ pubkey: toBase58(key), account: shown[i] })),
      );
    };
  };

  return {
    getTokenAccountBalance: async (params) => {
      const values = positional(params, 2);
      const key = required(values, 0, address);
      const number = stateFor(chain, configAt(values, 1));
      const token = tokenAccountOf(await read(number, key));
      const mint = token && mintOf(await read(number, token.mint));
      if (token === undefined || mint === undefined) throw notA("account");
      return inContext(number, tokenAmount(token.amount, mint.decimals));
    },
    getTokenSupply: async (params) => {
      const values = positional(params, 2);
      const key = required(values, 0, address);
      const number = stateFor(chain, configAt(values, 1));
      const mint = mintOf(await read(number, key));
      if (mint === undefined) throw notA("mint");
      return inContext(number, tokenAmount(mint.supply, mint.decimals));
    },
    getTokenAccountsByOwner: listBy("owner"),
    getTokenAccountsByDelegate: listBy("delegate"),
  };
};
