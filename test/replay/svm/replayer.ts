/**
 * Executes recorded blocks once more: on a litesvm of its own, with nothing of the adapter and of its crate.
 * Accounts are kept in a map, and their root is computed from all of them by the definition of the tree.
 */
import { createHash } from "node:crypto";
import { PublicKey, VersionedTransaction } from "@solana/web3.js";
import { Account, Clock, EpochSchedule, FailedTransactionMetadata, LiteSvm } from "litesvm/dist/internal.js";

type Block = { number: number; timestampMs: number; blockhash: Uint8Array; applied: readonly Uint8Array[] };

export type Replayer = {
  /** Executes a block; gives whether each transaction succeeded. */
  apply(block: Block): boolean[];
  /** Encoded accounts by address. */
  accounts: ReadonlyMap<string, Uint8Array>;
  root(): Buffer;
};

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const bitOf = (path: Buffer, depth: number): number => ((path[depth >> 3] as number) >> (7 - (depth & 7))) & 1;

type Leaf = { path: Buffer; hash: Buffer };

/** Root of the subtree at a depth that holds these leaves, sorted by path. */
const rootOf = (leaves: readonly Leaf[], depth: number): Buffer => {
  const [first] = leaves;
  if (first === undefined) return Buffer.alloc(32);
  if (leaves.length === 1) return first.hash;
  const found = leaves.findIndex(({ path }) => bitOf(path, depth) === 1);
  const middle = found === -1 ? leaves.length : found;
  return sha256(Uint8Array.of(1), rootOf(leaves.slice(0, middle), depth + 1), rootOf(leaves.slice(middle), depth + 1));
};

const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};

/** The account's encoding as the adapter documents it. */
const encode = (account: Account): Buffer =>
  Buffer.concat([
    u64(account.lamports()),
    u64(account.rentEpoch()),
    Buffer.of(account.executable() ? 1 : 0),
    account.owner(),
    account.data(),
  ]);

const rentExempt = 2n ** 64n - 1n;
const slotHashes = new PublicKey("SysvarS1otHashes111111111111111111111111111").toBytes();
const sysvarOwner = new PublicKey("Sysvar1111111111111111111111111111111111111").toBytes();
const lookupTableMeta = 56;

export const createReplayer = (options: {
  /** Addresses with so many lamports each. */
  funded: readonly PublicKey[];
  lamports: bigint;
  feeRecipient: PublicKey;
  /** Further accounts of block 0. */
  others: readonly {
    key: Uint8Array;
    account: { lamports: bigint; data: Uint8Array; owner: Uint8Array; executable: boolean; rentEpoch: bigint };
  }[];
  genesis: { blockhash: Uint8Array; seconds: number };
}): Replayer => {
  const svm = new LiteSvm();
  svm.setSigverify(false);
  svm.setBlockhashCheck(false);
  svm.setTransactionHistory(0n);
  svm.withNativeMints();
  svm.setEpochSchedule(new EpochSchedule(432_000n, 432_000n, false, 0n, 0n));
  const system = PublicKey.default.toBytes();
  for (const { address } of svm.getProgramAccounts(system)) {
    svm.setAccount(address, new Account(0n, new Uint8Array(), system, false, 0n));
  }

  const accounts = new Map<string, Uint8Array>();
  const leaves = new Map<string, Leaf>();
  /** Takes an account over from the engine; gives its lamports. */
  const take = (key: Uint8Array): bigint => {
    const name = Buffer.from(key).toString("hex");
    const account = svm.getAccount(key);
    if (account === null || account.lamports() === 0n) {
      accounts.delete(name);
      leaves.delete(name);
      return 0n;
    }
    const owner = new PublicKey(account.owner()).toBase58();
    if (owner.startsWith("Sysvar") || owner.startsWith("NativeLoader")) return account.lamports();
    const encoded = encode(account);
    if (accounts.get(name)?.length !== encoded.length || !encoded.equals(accounts.get(name) as Uint8Array)) {
      accounts.set(name, encoded);
      const path = sha256(key);
      leaves.set(name, { path, hash: sha256(Uint8Array.of(0), path, sha256(encoded)) });
    }
    return account.lamports();
  };

  const loaders = [
    "BPFLoader1111111111111111111111111111111111",
    "BPFLoader2111111111111111111111111111111111",
    "BPFLoaderUpgradeab1e11111111111111111111111",
    "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
    "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
  ];
  for (const owner of loaders) {
    for (const { address } of svm.getProgramAccounts(new PublicKey(owner).toBytes())) take(address);
  }
  for (const key of options.funded) {
    svm.setAccount(key.toBytes(), new Account(options.lamports, new Uint8Array(), system, false, rentExempt));
    take(key.toBytes());
  }

  for (const { key, account } of options.others) {
    const { lamports, data, owner, executable, rentEpoch } = account;
    svm.setAccount(key, new Account(lamports, data, owner, executable, rentEpoch));
    take(key);
  }

  const hashes: { slot: number; hash: Uint8Array }[] = [{ slot: 0, hash: options.genesis.blockhash }];
  const enter = ({ number, timestampMs }: Block): void => {
    const { seconds } = options.genesis;
    svm.setClock(new Clock(BigInt(number), BigInt(seconds), 0n, 1n, BigInt(Math.floor(timestampMs / 1000))));
    const data = Buffer.alloc(8 + 512 * 40);
    const shown = hashes.slice(-512).reverse();
    data.writeBigUInt64LE(BigInt(shown.length));
    shown.forEach(({ slot, hash }, i) => {
      data.writeBigUInt64LE(BigInt(slot), 8 + 40 * i);
      data.set(hash, 16 + 40 * i);
    });
    svm.setAccount(slotHashes, new Account(1n, data, sysvarOwner, false, 0n));
  };

  const tableKeys = (table: PublicKey, indices: readonly number[]): Uint8Array[] => {
    const data = svm.getAccount(table.toBytes())?.data() ?? new Uint8Array();
    return indices.map((index) => data.slice(lookupTableMeta + 32 * index, lookupTableMeta + 32 * index + 32));
  };

  const writable = ({ message }: VersionedTransaction): Uint8Array[] => [
    ...message.staticAccountKeys.filter((_, i) => message.isAccountWritable(i)).map((key) => key.toBytes()),
    ...message.addressTableLookups.flatMap(({ accountKey, writableIndexes }) => tableKeys(accountKey, writableIndexes)),
  ];

  const lamportsOf = (key: Uint8Array): bigint => svm.getBalance(key) ?? 0n;
  const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

  const isProgram = (key: Uint8Array): boolean => svm.getAccount(key)?.executable() === true;

  const send = (bytes: Uint8Array): { succeeded: boolean; fee: bigint } => {
    const transaction = VersionedTransaction.deserialize(bytes);
    const keys = writable(transaction);
    const before = sum(keys.map(lamportsOf));
    const wasProgram = keys.map(isProgram);
    const result =
      transaction.version === "legacy" ? svm.sendLegacyTransaction(bytes) : svm.sendVersionedTransaction(bytes);
    // Nothing but the fee leaves the accounts of a transaction.
    const fee = before - sum(keys.map(take));
    // A rule of this chain: what the runtime remembers of a program is what its accounts say after each transaction.
    for (const key of keys.filter((each, i) => wasProgram[i] || isProgram(each))) {
      const program = svm.getAccount(key);
      if (program !== null) svm.setAccount(key, program);
    }
    return { succeeded: !(result instanceof FailedTransactionMetadata), fee };
  };

  return {
    accounts,
    apply: (block) => {
      enter(block);
      const results = block.applied.map(send);
      const fees = sum(results.map(({ fee }) => fee));
      const recipient = options.feeRecipient.toBytes();
      if (fees > 0n) {
        const held = lamportsOf(recipient);
        svm.setAccount(recipient, new Account(held + fees, new Uint8Array(), system, false, rentExempt));
        take(recipient);
      }
      hashes.push({ slot: block.number, hash: block.blockhash });
      return results.map(({ succeeded }) => succeeded);
    },
    root: () =>
      rootOf(
        [...leaves.values()].sort((a, b) => Buffer.compare(a.path, b.path)),
        0,
      ),
  };
};
