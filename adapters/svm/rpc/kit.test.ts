import {
  address,
  airdropFactory,
  appendTransactionMessageInstruction,
  createKeyPairSignerFromPrivateKeyBytes,
  createSolanaRpc,
  createSolanaRpcSubscriptions,
  createTransactionMessage,
  generateKeyPairSigner,
  getSignatureFromTransaction,
  isSolanaError,
  type KeyPairSigner,
  lamports,
  pipe,
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
  sendAndConfirmTransactionFactory,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from "@solana/kit";
import { getTransferSolInstruction } from "@solana-program/system";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accounts, createSvmChain, type SvmChain } from "../../../test/fixtures/svmChain.ts";
import type { RpcServer } from "../../adapter.ts";
import { buildEngine } from "../testChain.ts";
import { serveSvmRpc } from "./server.ts";

let chain: SvmChain;
let server: RpcServer;
let alice: KeyPairSigner;
const clients = () => ({
  rpc: createSolanaRpc(server.rpc),
  rpcSubscriptions: createSolanaRpcSubscriptions(server.ws),
});
beforeAll(async () => {
  await buildEngine();
  chain = await createSvmChain();
  server = await serveSvmRpc(chain.services, { host: "127.0.0.1", port: 0 });
  alice = await createKeyPairSignerFromPrivateKeyBytes((accounts[0]?.secretKey ?? new Uint8Array()).slice(0, 32));
}, 900_000);
afterAll(async () => {
  await server.close();
  await chain.close();
});

const sol = 1_000_000_000n;

const transfer = async (to: string, amount: bigint) => {
  const { value } = await clients().rpc.getLatestBlockhash().send();
  const message = pipe(
    createTransactionMessage({ version: 0 }),
    (draft) => setTransactionMessageFeePayerSigner(alice, draft),
    (draft) => setTransactionMessageLifetimeUsingBlockhash(value, draft),
    (draft) =>
      appendTransactionMessageInstruction(
        getTransferSolInstruction({ source: alice, destination: address(to), amount }),
        draft,
      ),
  );
  return await signTransactionMessageWithSigners(message);
};

describe("unmodified @solana/kit", () => {
  it("airdrops, sends and confirms", async () => {
    const to = (await generateKeyPairSigner()).address;
    const { rpc, rpcSubscriptions } = clients();
    const airdrop = airdropFactory({ rpc, rpcSubscriptions } as Parameters<typeof airdropFactory>[0]);
    await airdrop({ recipientAddress: to, lamports: lamports(2n * sol), commitment: "confirmed" });
    const send = sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions } as Parameters<
      typeof sendAndConfirmTransactionFactory
    >[0]);
    const transaction = await transfer(to, sol);
    await send(transaction as Parameters<typeof send>[0], { commitment: "finalized" });
    expect((await rpc.getBalance(to, { commitment: "finalized" }).send()).value).toBe(3n * sol);
    const signature = getSignatureFromTransaction(transaction);
    const shown = await rpc.getTransaction(signature, { encoding: "json", maxSupportedTransactionVersion: 0 }).send();
    expect(shown?.meta).toMatchObject({ err: null, fee: 5000n });
    const account = await rpc.getAccountInfo(to, { encoding: "base64" }).send();
    expect(account.value).toMatchObject({ lamports: 3n * sol, rentEpoch: 2n ** 64n - 1n, space: 0n });
  });

  it("reads why a transaction would fail", async () => {
    const { rpc, rpcSubscriptions } = clients();
    const send = sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions } as Parameters<
      typeof sendAndConfirmTransactionFactory
    >[0]);
    const transaction = await transfer((await generateKeyPairSigner()).address, 10n ** 15n);
    const error = await send(transaction as Parameters<typeof send>[0], { commitment: "confirmed" }).catch(
      (thrown: unknown) => thrown,
    );
    if (!isSolanaError(error, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE)) throw error;
    expect(error.context.logs?.join()).toMatch(/insufficient lamports/);
    expect(error.cause).toMatchObject({ context: { index: 0, code: 1 } });
  });
});
