import {
  createMint,
  getAccount,
  getMint,
  getOrCreateAssociatedTokenAccount,
  mintTo,
  TOKEN_2022_PROGRAM_ID,
  TOKEN_PROGRAM_ID,
  transferChecked,
} from "@solana/spl-token";
import {
  AddressLookupTableProgram,
  ComputeBudgetProgram,
  Connection,
  Keypair,
  LAMPORTS_PER_SOL,
  type Logs,
  type PublicKey,
  SendTransactionError,
  SystemProgram,
  sendAndConfirmTransaction,
  Transaction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fromHex } from "../../../protocol/bytes.ts";
import { accounts, createSvmChain, type SvmChain } from "../../../test/fixtures/svmChain.ts";
import { isQuiet } from "../../../test/fixtures/svmSocket.ts";
import type { RpcServer } from "../../adapter.ts";
import { verifyAccount } from "../proof.ts";
import { buildEngine } from "../testChain.ts";
import { serveSvmRpc } from "./server.ts";

let chain: SvmChain;
let server: RpcServer;
let connection: Connection;
beforeAll(async () => {
  await buildEngine();
  chain = await createSvmChain();
  server = await serveSvmRpc(chain.services, { host: "127.0.0.1", port: 0 });
  connection = new Connection(server.rpc, "confirmed");
}, 900_000);
afterAll(async () => {
  await vi.waitFor(() => expect(isQuiet(connection)).toBe(true), 10_000);
  await server.close();
  await chain.close();
});

const [alice, bob] = accounts as [Keypair, Keypair];

const transfer = (to: PublicKey, lamports: number) =>
  new Transaction().add(SystemProgram.transfer({ fromPubkey: alice.publicKey, toPubkey: to, lamports }));

describe("unmodified @solana/web3.js", () => {
  it("knows the cluster", async () => {
    expect(await connection.getVersion()).toHaveProperty("solana-core");
    expect(await connection.getGenesisHash()).toMatch(/^[1-9A-HJ-NP-Za-km-z]{32,44}$/);
    const info = await connection.getEpochInfo();
    expect(info).toMatchObject({ epoch: 0, slotsInEpoch: 432_000, absoluteSlot: info.blockHeight });
    expect(await connection.getSlot()).toBe(info.absoluteSlot);
    expect(await connection.getMinimumBalanceForRentExemption(165)).toBe(2_039_280);
    expect((await connection.getEpochSchedule()).slotsPerEpoch).toBe(432_000);
  });

  it("sends, confirms by WebSocket, and reads what became of it", async () => {
    const to = Keypair.generate().publicKey;
    const signature = await sendAndConfirmTransaction(connection, transfer(to, LAMPORTS_PER_SOL), [alice]);
    expect(await connection.getBalance(to)).toBe(LAMPORTS_PER_SOL);
    const parsed = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
    expect(parsed?.meta).toMatchObject({ err: null, fee: 5000, computeUnitsConsumed: 150 });
    expect(parsed?.transaction.message.getAccountKeys().get(1)?.equals(to)).toBe(true);
    expect((parsed?.meta?.postBalances[1] ?? 0) - (parsed?.meta?.preBalances[1] ?? 0)).toBe(LAMPORTS_PER_SOL);
    await connection.confirmTransaction(signature, "finalized");
    const { value } = await connection.getSignatureStatuses([signature]);
    expect(value[0]).toMatchObject({ err: null, confirmationStatus: "finalized", confirmations: null });
    const [entry] = await connection.getSignaturesForAddress(to);
    expect(entry).toMatchObject({ signature, err: null });
    const block = await connection.getBlock(parsed?.slot ?? 0, { maxSupportedTransactionVersion: 0 });
    expect(block?.transactions.map(({ transaction }) => transaction.signatures[0])).toContain(signature);
    const shown = await connection.getParsedTransaction(signature, { maxSupportedTransactionVersion: 0 });
    expect(shown?.transaction.message.accountKeys[0]).toMatchObject({ signer: true, writable: true });
  });

  it("airdrops", async () => {
    const to = Keypair.generate().publicKey;
    const signatures = [
      await connection.requestAirdrop(to, 3 * LAMPORTS_PER_SOL),
      await connection.requestAirdrop(to, 3 * LAMPORTS_PER_SOL),
    ];
    for (const signature of signatures) {
      await connection.confirmTransaction({ signature, ...(await connection.getLatestBlockhash()) });
    }
    expect(await connection.getBalance(to)).toBe(6 * LAMPORTS_PER_SOL);
  });

  it.each([
    ["SPL token", TOKEN_PROGRAM_ID],
    ["Token-2022", TOKEN_2022_PROGRAM_ID],
  ])("mints and moves tokens: %s", async (_, program) => {
    const options = { commitment: "confirmed" } as const;
    const mint = await createMint(connection, alice, alice.publicKey, null, 6, undefined, options, program);
    const ofOwner = (owner: PublicKey) =>
      getOrCreateAssociatedTokenAccount(connection, alice, mint, owner, false, "confirmed", options, program);
    const [from, to] = [await ofOwner(alice.publicKey), await ofOwner(bob.publicKey)];
    await mintTo(connection, alice, mint, from.address, alice, 5_000_000n, [], options, program);
    const moved = await transferChecked(
      ...[connection, alice, from.address, mint, to.address, alice, 1_250_000n, 6, [], options, program],
    );
    expect((await getAccount(connection, to.address, "confirmed", program)).amount).toBe(1_250_000n);
    expect((await getMint(connection, mint, "confirmed", program)).supply).toBe(5_000_000n);
    const balance = await connection.getTokenAccountBalance(to.address);
    expect(balance.value).toEqual({ amount: "1250000", decimals: 6, uiAmount: 1.25, uiAmountString: "1.25" });
    expect((await connection.getTokenSupply(mint)).value.uiAmountString).toBe("5");
    const held = await connection.getTokenAccountsByOwner(bob.publicKey, { mint });
    expect(held.value.map(({ pubkey }) => pubkey.toBase58())).toEqual([to.address.toBase58()]);
    const parsed = await connection.getParsedTokenAccountsByOwner(bob.publicKey, { programId: program });
    expect(parsed.value[0]?.account.data.parsed.info).toMatchObject({ mint: mint.toBase58(), state: "initialized" });
    const shown = await connection.getTransaction(moved, { maxSupportedTransactionVersion: 0 });
    expect(shown?.meta?.postTokenBalances?.map(({ uiTokenAmount }) => uiTokenAmount.uiAmountString).sort()).toEqual([
      "1.25",
      "3.75",
    ]);
  });

  it("uses lookup tables, and needs to be asked for version 0", async () => {
    const recentSlot = await connection.getSlot("confirmed");
    const authority = alice.publicKey;
    const [create, table] = AddressLookupTableProgram.createLookupTable({ authority, payer: authority, recentSlot });
    const to = Keypair.generate().publicKey;
    const extend = AddressLookupTableProgram.extendLookupTable({
      ...{ lookupTable: table, authority, payer: authority, addresses: [to] },
    });
    await sendAndConfirmTransaction(connection, new Transaction().add(create, extend), [alice]);
    await chain.mine();
    const lookup = (await connection.getAddressLookupTable(table)).value;
    if (lookup === null) throw new Error("the table is not there");
    const { blockhash, lastValidBlockHeight } = await connection.getLatestBlockhash();
    const { instructions } = transfer(to, LAMPORTS_PER_SOL);
    const message = new TransactionMessage({ payerKey: authority, recentBlockhash: blockhash, instructions });
    const transaction = new VersionedTransaction(message.compileToV0Message([lookup]));
    transaction.sign([alice]);
    const signature = await connection.sendTransaction(transaction);
    await connection.confirmTransaction({ signature, blockhash, lastValidBlockHeight });
    const shown = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
    expect(shown?.meta?.loadedAddresses?.writable.map(String)).toEqual([to.toBase58()]);
    expect(shown?.version).toBe(0);
    await expect(connection.getTransaction(signature)).rejects.toMatchObject({ code: -32015 });
  });

  it("tells why a transaction would fail, before it is sent", async () => {
    const error = await sendAndConfirmTransaction(connection, transfer(bob.publicKey, 10 ** 15), [alice]).catch(
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof SendTransactionError)) throw error;
    expect(error.transactionError.message).toMatch(/Error processing Instruction 0: custom program error: 0x1/);
    expect(error.logs?.join()).toMatch(/insufficient lamports/);
    const stranger = Keypair.generate();
    const unfunded = SystemProgram.transfer({ fromPubkey: stranger.publicKey, toPubkey: bob.publicKey, lamports: 1 });
    await expect(connection.sendTransaction(new Transaction().add(unfunded), [stranger])).rejects.toThrow(
      /found no record of a prior credit/,
    );
    const transaction = transfer(bob.publicKey, 1);
    transaction.recentBlockhash = Keypair.generate().publicKey.toBase58();
    transaction.sign(alice);
    await expect(connection.sendRawTransaction(transaction.serialize())).rejects.toThrow(/Blockhash not found/);
  });

  it("shows a failed transaction that skipped preflight", async () => {
    const transaction = transfer(bob.publicKey, 10 ** 15);
    const signature = await connection.sendTransaction(transaction, [alice], { skipPreflight: true });
    const { value } = await connection.confirmTransaction({ signature, ...(await connection.getLatestBlockhash()) });
    expect(value.err).toEqual({ InstructionError: [0, { Custom: 1 }] });
    const shown = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
    expect(shown?.meta).toMatchObject({ err: value.err, fee: 5000 });
  });

  it("simulates, and asks for fees", async () => {
    const price = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 2_000_000 });
    const limit = ComputeBudgetProgram.setComputeUnitLimit({ units: 1_000 });
    const paid = new Transaction().add(price, limit, ...transfer(bob.publicKey, 7).instructions);
    const simulated = await connection.simulateTransaction(paid, [alice], [bob.publicKey]);
    expect(simulated.value).toMatchObject({ err: null, unitsConsumed: 450 });
    expect(simulated.value.accounts?.[0]?.lamports).toBe((await connection.getBalance(bob.publicKey)) + 7);
    paid.feePayer = alice.publicKey;
    paid.recentBlockhash = (await connection.getLatestBlockhash()).blockhash;
    expect((await connection.getFeeForMessage(paid.compileMessage())).value).toBe(5000 + 2000);
    await sendAndConfirmTransaction(connection, paid, [alice]);
    await vi.waitFor(async () => {
      const fees = await connection.getRecentPrioritizationFees({ lockedWritableAccounts: [bob.publicKey] });
      expect(fees.some(({ prioritizationFee }) => prioritizationFee === 2_000_000)).toBe(true);
    });
  });

  it("is told of accounts, programs, logs and slots", async () => {
    const to = Keypair.generate();
    const lamports: number[] = [];
    const logs: Logs[] = [];
    const slots: number[] = [];
    const owned: string[] = [];
    const ids = [
      connection.onAccountChange(to.publicKey, (account) => lamports.push(account.lamports)),
      connection.onLogs(to.publicKey, (each) => logs.push(each), "confirmed"),
      connection.onSlotChange(({ slot }) => slots.push(slot)),
      connection.onProgramAccountChange(SystemProgram.programId, ({ accountId }) => owned.push(accountId.toBase58())),
    ] as const;
    await vi.waitFor(async () => {
      await sendAndConfirmTransaction(connection, transfer(to.publicKey, LAMPORTS_PER_SOL), [alice]);
      expect(lamports.length * logs.length * slots.length * owned.length).toBeGreaterThan(0);
    }, 15_000);
    expect(lamports.at(-1)).toBe(await connection.getBalance(to.publicKey));
    expect(logs[0]).toMatchObject({ err: null, logs: expect.arrayContaining([expect.stringContaining("success")]) });
    expect(owned).toContain(to.publicKey.toBase58());
    await connection.removeAccountChangeListener(ids[0]);
    await connection.removeOnLogsListener(ids[1]);
    await connection.removeSlotChangeListener(ids[2]);
    await connection.removeProgramAccountChangeListener(ids[3]);
  });

  it("serves proofs of accounts that lead to the block's state root", async () => {
    const ask = async (key: PublicKey) => {
      const body = { jsonrpc: "2.0", id: 1, method: "getAccountProof", params: [key.toBase58(), { slot: 1 }] };
      const answer = await fetch(server.rpc, { method: "POST", body: JSON.stringify(body) });
      return (
        (await answer.json()) as {
          result: {
            value: { account: string | null; siblings: string[]; other: null | { path: string; value: string } };
          };
        }
      ).result.value;
    };
    const bytes = (text: string) => fromHex(text) ?? new Uint8Array();
    for (const [key, exists] of [
      [alice.publicKey, true],
      [Keypair.generate().publicKey, false],
    ] as const) {
      const { account, siblings, other } = await ask(key);
      const proof = {
        ...(account === null ? {} : { account: bytes(account) }),
        siblings: siblings.map(bytes),
        ...(other === null ? {} : { other: { path: bytes(other.path), value: bytes(other.value) } }),
      };
      const verified = verifyAccount(chain.blocks[1]?.seal.stateRoot ?? new Uint8Array(), key.toBytes(), proof);
      expect(verified.ok && verified.value !== undefined).toBe(exists);
      expect(verified.ok).toBe(true);
    }
  });
});
