/** EVM transfers: the same bytes go to anvil. */
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { evmAccounts } from "../../../devnet/accounts.ts";
import { fromHex, type Hex, toHex } from "../../../protocol/bytes.ts";
import { rpcBatch } from "../http.ts";
import { fundedSenders, recipients, senders, type VmPart } from "./part.ts";

export const chainId = 31337;

const gwei = 10n ** 9n;
/** What a sender that the devnet funds gives to one that it doesn't. */
const fund = 10n ** 21n;

const recipientAt = (index: number): Hex => `0x${(0x51f7_0000 + (index % recipients)).toString(16).padStart(40, "0")}`;

const sign = async (account: PrivateKeyAccount, nonce: number, to: Hex, value: bigint): Promise<Uint8Array> => {
  const fees = { gas: 21_000n, maxFeePerGas: 1000n * gwei, maxPriorityFeePerGas: gwei };
  const raw = await account.signTransaction({ type: "eip1559", chainId, nonce, to, value, ...fees });
  return fromHex(raw) ?? new Uint8Array(0);
};

export const evm: VmPart = {
  batch: 100,
  perBlock: 1000,
  sign: async (sender, count) => {
    const accounts = evmAccounts(senders.evm);
    const account = privateKeyToAccount(accounts[sender]?.privateKey ?? "0x");
    const funds = sender < fundedSenders ? accounts[sender + fundedSenders]?.address : undefined;
    const signed: Uint8Array[] = [];
    for (let nonce = 0; nonce < count; nonce++) {
      const isFirst = nonce === 0 && funds !== undefined;
      signed.push(await sign(account, nonce, isFirst ? funds : recipientAt(nonce), isFirst ? fund : 1n));
    }
    return signed;
  },
  request: (batch, { rpc }) => ({
    url: rpc,
    contentType: "application/json",
    body: rpcBatch(
      "eth_sendRawTransaction",
      batch.map((raw) => [toHex(raw)]),
    ),
  }),
};
