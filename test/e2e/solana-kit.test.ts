import {
  address,
  airdropFactory,
  appendTransactionMessageInstruction,
  createSolanaRpc,
  createSolanaRpcSubscriptions,
  createTransactionMessage,
  generateKeyPairSigner,
  getSignatureFromTransaction,
  isSolanaError,
  lamports,
  pipe,
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
  sendAndConfirmTransactionFactory,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from "@solana/kit";
import { getTransferSolInstruction } from "@solana-program/system";
import { describe, expect, test } from "vitest";
import { agreed, svmEndpoints } from "./network.ts";

const clients = svmEndpoints.map(({ rpc, ws }) => ({
  rpc: createSolanaRpc(rpc),
  rpcSubscriptions: createSolanaRpcSubscriptions(ws),
}));
const [client] = clients as [(typeof clients)[0]];
type Airdrop = Parameters<typeof airdropFactory>[0];
type Send = Parameters<typeof sendAndConfirmTransactionFactory>[0];
const airdrop = airdropFactory(client as unknown as Airdrop);
const send = sendAndConfirmTransactionFactory(client as unknown as Send);
type Signed = Parameters<typeof send>[0];

const sol = 1_000_000_000n;

const prepared = async () => {
  const payer = await generateKeyPairSigner();
  await airdrop({ recipientAddress: payer.address, lamports: lamports(5n * sol), commitment: "confirmed" });
  return async (to: string, amount: bigint) => {
    const { value } = await client.rpc.getLatestBlockhash().send();
    const instruction = getTransferSolInstruction({ source: payer, destination: address(to), amount });
    const message = pipe(
      createTransactionMessage({ version: 0 }),
      (draft) => setTransactionMessageFeePayerSigner(payer, draft),
      (draft) => setTransactionMessageLifetimeUsingBlockhash(value, draft),
      (draft) => appendTransactionMessageInstruction(instruction, draft),
    );
    return await signTransactionMessageWithSigners(message);
  };
};

describe("@solana/kit, unmodified", () => {
  test("airdrops, sends and confirms up to finality", async () => {
    const transfer = await prepared();
    const to = (await generateKeyPairSigner()).address;
    const transaction = await transfer(to, sol);
    await send(transaction as Signed, { commitment: "finalized" });
    const balanceAt = async ({ rpc }: (typeof clients)[0]) =>
      (await rpc.getBalance(to, { commitment: "confirmed" }).send()).value;
    expect(await agreed(clients, balanceAt)).toBe(sol);
    const signature = getSignatureFromTransaction(transaction);
    const config = { encoding: "json", maxSupportedTransactionVersion: 0 } as const;
    expect((await client.rpc.getTransaction(signature, config).send())?.meta).toMatchObject({ err: null, fee: 5000n });
  });

  test("decodes why a transaction would fail", async () => {
    const transfer = await prepared();
    const transaction = await transfer((await generateKeyPairSigner()).address, 10n ** 15n);
    const error = await send(transaction as Signed, { commitment: "confirmed" }).catch((thrown: unknown) => thrown);
    if (!isSolanaError(error, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE)) throw error;
    expect(error.cause).toMatchObject({ context: { index: 0, code: 1 } });
  });
});
