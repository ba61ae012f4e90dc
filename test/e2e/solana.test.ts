import {
  createMint,
  getAccount,
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
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { afterAll, describe, expect, test } from "vitest";
import { fromBase58 } from "../../adapters/svm/base58.ts";
import { deployment, memoCode } from "../fixtures/svmLoader.ts";
import { isQuiet } from "../fixtures/svmSocket.ts";
import { lockstep } from "./commands.ts";
import { agreed, devnet, eventually, lightClientOf, proven, svmDomain, svmEndpoints, validators } from "./network.ts";

const connections = svmEndpoints.map(({ rpc }) => new Connection(rpc, "confirmed"));
const [connection, other] = connections as [Connection, Connection];
const alice = Keypair.fromSecretKey(fromBase58(devnet.accounts.svm?.[0]?.secretKey ?? "", 64) ?? new Uint8Array());

afterAll(() => eventually(async () => connections.every(isQuiet) || undefined));

const version0 = { maxSupportedTransactionVersion: 0 } as const;

const transfer = (to: PublicKey, lamports: number) =>
  SystemProgram.transfer({ fromPubkey: alice.publicKey, toPubkey: to, lamports });

/** Sends and waits for the confirmation over the WebSocket. */
const send = (instructions: TransactionInstruction[], ...signers: Keypair[]): Promise<string> =>
  sendAndConfirmTransaction(connection, new Transaction().add(...instructions), [alice, ...signers]);

/** An executed transaction, the same at all four RPCs. */
const settled = (signature: string) =>
  agreed(connections, (each) =>
    eventually(
      async () => (await each.getTransaction(signature, { ...version0, commitment: "confirmed" })) ?? undefined,
    ),
  );

describe("@solana/web3.js, unmodified, on four validators", () => {
  test("airdrops, transfers and confirms; all agree on the outcome, which becomes final", async () => {
    const to = Keypair.generate();
    const signature = await connection.requestAirdrop(to.publicKey, 2 * LAMPORTS_PER_SOL);
    await connection.confirmTransaction({ signature, ...(await connection.getLatestBlockhash()) });
    const back = SystemProgram.transfer({
      ...{ fromPubkey: to.publicKey, toPubkey: alice.publicKey, lamports: LAMPORTS_PER_SOL },
    });
    const returned = await sendAndConfirmTransaction(other, new Transaction().add(back), [to]);
    expect((await settled(returned)).meta).toMatchObject({ err: null, fee: 5000 });
    const lamports = await agreed(connections, (each) => each.getBalance(to.publicKey, "confirmed"));
    expect(lamports).toBe(LAMPORTS_PER_SOL - 5000);
    await connection.confirmTransaction(
      { signature: returned, ...(await connection.getLatestBlockhash()) },
      "finalized",
    );
    const { value } = await connection.getSignatureStatuses([returned]);
    expect(value[0]).toMatchObject({ err: null, confirmationStatus: "finalized" });
  });

  test.each([
    ["SPL token", TOKEN_PROGRAM_ID],
    ["Token-2022", TOKEN_2022_PROGRAM_ID],
  ])("mints and moves tokens: %s", async (_, program) => {
    const options = { commitment: "confirmed" } as const;
    const bob = Keypair.generate();
    const mint = await createMint(connection, alice, alice.publicKey, null, 9, undefined, options, program);
    const ofOwner = (owner: PublicKey) =>
      getOrCreateAssociatedTokenAccount(connection, alice, mint, owner, false, "confirmed", options, program);
    const [from, to] = [await ofOwner(alice.publicKey), await ofOwner(bob.publicKey)];
    await mintTo(connection, alice, mint, from.address, alice, 10n ** 12n, [], options, program);
    await settled(
      await transferChecked(connection, alice, from.address, mint, to.address, alice, 5n, 9, [], options, program),
    );
    expect(
      await agreed(connections, async (each) => (await getAccount(each, to.address, "confirmed", program)).amount),
    ).toBe(5n);
    const held = await connection.getTokenAccountsByOwner(bob.publicKey, { mint }, "confirmed");
    expect(held.value.map(({ pubkey }) => pubkey.toBase58())).toEqual([to.address.toBase58()]);
  });

  test("takes keys from a lookup table", async () => {
    const authority = alice.publicKey;
    const recentSlot = await connection.getSlot("finalized");
    const [create, table] = AddressLookupTableProgram.createLookupTable({ authority, payer: authority, recentSlot });
    const to = Keypair.generate().publicKey;
    const extension = { lookupTable: table, authority, payer: authority, addresses: [to] };
    const extended = await send([create, AddressLookupTableProgram.extendLookupTable(extension)]);
    const { slot } = await settled(extended);
    await eventually(async () => (await connection.getSlot("confirmed")) > slot || undefined);
    const lookup = (await connection.getAddressLookupTable(table, { commitment: "confirmed" })).value;
    if (lookup === null) throw new Error("the table is not there");
    const { blockhash, lastValidBlockHeight } = await connection.getLatestBlockhash();
    const instructions = [transfer(to, LAMPORTS_PER_SOL)];
    const message = new TransactionMessage({ payerKey: authority, recentBlockhash: blockhash, instructions });
    const transaction = new VersionedTransaction(message.compileToV0Message([lookup]));
    transaction.sign([alice]);
    const signature = await connection.sendTransaction(transaction);
    await connection.confirmTransaction({ signature, blockhash, lastValidBlockHeight });
    expect((await settled(signature)).meta?.loadedAddresses?.writable.map(String)).toEqual([to.toBase58()]);
  });

  test("deploys a program by loader-v3, and calls it at another validator", async () => {
    const [program, buffer] = [Keypair.generate(), Keypair.generate()];
    const steps = deployment(alice.publicKey, buffer.publicKey, program.publicKey, memoCode());
    await send(steps.open, buffer);
    await Promise.all(steps.writes.map((instructions) => send(instructions)));
    const { slot } = await settled(await send(steps.deploy, program));
    await eventually(async () => (await other.getSlot("confirmed")) > slot || undefined);
    const instruction = new TransactionInstruction({
      ...{ programId: program.publicKey, keys: [], data: Buffer.from("called") },
    });
    const called = await sendAndConfirmTransaction(other, new Transaction().add(instruction), [alice]);
    const { meta } = await settled(called);
    expect(meta?.logMessages?.join()).toContain("called");
    expect((await agreed(connections, (each) => each.getAccountInfo(program.publicKey, "confirmed")))?.executable).toBe(
      true,
    );
  });

  test("is told of logs and accounts by every validator", async () => {
    const to = Keypair.generate().publicKey;
    const heard = await Promise.all(
      connections.map(async (each) => {
        const logs: Logs[] = [];
        const lamports: number[] = [];
        const ids = [
          each.onLogs(to, (some) => logs.push(some), "confirmed"),
          each.onAccountChange(to, (account) => lamports.push(account.lamports)),
        ] as const;
        return { each, logs, lamports, ids };
      }),
    );
    await eventually(async () => {
      await send([transfer(to, LAMPORTS_PER_SOL)]);
      return heard.every(({ logs, lamports }) => logs.length > 0 && lamports.length > 0) || undefined;
    });
    for (const { each, logs, ids } of heard) {
      expect(logs[0]).toMatchObject({ err: null });
      await each.removeOnLogsListener(ids[0]);
      await each.removeAccountChangeListener(ids[1]);
    }
  });

  test("pays a priority fee, and shows it", async () => {
    const to = Keypair.generate().publicKey;
    const price = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 3_000_000 });
    const limit = ComputeBudgetProgram.setComputeUnitLimit({ units: 1_000 });
    const signature = await send([price, limit, transfer(to, LAMPORTS_PER_SOL)]);
    expect((await settled(signature)).meta?.fee).toBe(5000 + 3000);
    const fees = await connection.getRecentPrioritizationFees({ lockedWritableAccounts: [to] });
    expect(fees.map(({ prioritizationFee }) => prioritizationFee)).toContain(3_000_000);
  });

  test("reads why a transaction would fail, before it is sent", async () => {
    const error = await send([transfer(Keypair.generate().publicKey, 10 ** 15)]).catch((thrown: unknown) => thrown);
    if (!(error instanceof SendTransactionError)) throw error;
    expect(error.transactionError.message).toMatch(/custom program error: 0x1/);
    expect(error.logs?.join()).toMatch(/insufficient lamports/);
  });
});

describe("an SVM account", () => {
  const [entry] = validators as [(typeof validators)[0]];

  test("is proven to a light client, present and absent", async () => {
    const to = Keypair.generate().publicKey;
    const stranger = Keypair.generate().publicKey;
    const { slot } = await settled(await send([transfer(to, LAMPORTS_PER_SOL)]));
    const client = lightClientOf(entry);
    const state = await eventually(async () => {
      const found = await proven(client.svmAccount(svmDomain, to.toBase58()));
      return found.tenant.number >= slot ? found : undefined;
    });
    expect(state.account?.lamports).toBe(BigInt(LAMPORTS_PER_SOL));
    const absent = await eventually(() => proven(client.svmAccount(svmDomain, stranger.toBase58())));
    expect(absent.account).toBeUndefined();
  });

  test("is what `lockstep verify --account` says", async () => {
    const account = `${svmDomain}:${alice.publicKey.toBase58()}`;
    const args = ["verify", entry.api, "--trust", devnet.trustedRoot, "--account", account];
    const { code, out } = await eventually(async () => {
      const finished = await lockstep(...args);
      return finished.code === 0 ? finished : undefined;
    });
    expect(code).toBe(0);
    expect(out).toMatch(/proven: account \S+ of tenant 501 has [0-9.]+ SOL and 0 bytes of data/);
  });
});
