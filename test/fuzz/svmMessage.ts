/** Solana transactions as a structure that may be wrong anywhere, and their bytes. */
import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { Keypair, type PublicKey, type TransactionInstruction } from "@solana/web3.js";
import { concatBytes, toHex, utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import type { Random } from "../replay/random.ts";
import { mutateBytes } from "./mutate.ts";

export type Signer = { key: PublicKey; secret: KeyObject };

/** PKCS #8 in front of an ed25519 seed. */
const seedPrefix = Buffer.from("302e020100300506032b657004220420", "hex");

export const signerOf = (seed: Uint8Array): Signer => ({
  key: Keypair.fromSeed(seed).publicKey,
  secret: createPrivateKey({ key: Buffer.concat([seedPrefix, seed]), format: "der", type: "pkcs8" }),
});

const remembered = new Map<string, Signer>();
/** The signer of this name, the same every time. */
export const signerNamed = (name: string): Signer => {
  const signer = remembered.get(name) ?? signerOf(sha256(utf8(`fuzz ${name}`)));
  if (remembered.size > 1000) remembered.clear();
  remembered.set(name, signer);
  return signer;
};

/** A lookup table as it stands on the chain. */
export type Table = { key: Uint8Array; entries: readonly Uint8Array[] };

type Message = {
  /** -1 for a legacy one. */
  version: number;
  /** Signers, read-only signers, read-only others. */
  header: number[];
  keys: Uint8Array[];
  blockhash: Uint8Array;
  instructions: { program: number; accounts: number[]; data: Uint8Array }[];
  lookups: { table: Uint8Array; writable: number[]; readonly: number[] }[];
};

export type Draft = {
  instructions: readonly TransactionInstruction[];
  /** The first pays. */
  payer: Signer;
  blockhash: Uint8Array;
  version: number;
  /** Its keys are taken from there as far as they may be. */
  table?: Table;
};

/** The message that a wallet would make. */
const compile = ({ instructions, payer, blockhash, version, table }: Draft): Message => {
  const metas = new Map([[payer.key.toBase58(), { key: payer.key, isSigner: true, isWritable: true, rank: 0 }]]);
  for (const { programId, keys } of instructions) {
    for (const { pubkey, isSigner, isWritable } of [
      ...keys,
      { pubkey: programId, isSigner: false, isWritable: false },
    ]) {
      const known = metas.get(pubkey.toBase58());
      metas.set(pubkey.toBase58(), {
        key: pubkey,
        isSigner: isSigner || known?.isSigner === true,
        isWritable: isWritable || known?.isWritable === true,
        rank: known?.rank ?? 1,
      });
    }
  }
  const called = new Set(instructions.map(({ programId }) => programId.toBase58()));
  const placeOf = (key: PublicKey): number =>
    (version < 0 ? undefined : table)?.entries.findIndex((entry) => toHex(entry) === toHex(key.toBytes())) ?? -1;
  const all = [...metas.values()];
  const looked = all.filter(({ key, isSigner }) => !isSigner && !called.has(key.toBase58()) && placeOf(key) >= 0);
  const own = all
    .filter((each) => !looked.includes(each))
    .toSorted(
      (a, b) =>
        a.rank - b.rank || Number(b.isSigner) - Number(a.isSigner) || Number(b.isWritable) - Number(a.isWritable),
    );
  const [writable, readonly] = [looked.filter((each) => each.isWritable), looked.filter((each) => !each.isWritable)];
  const order = [...own, ...writable, ...readonly].map(({ key }) => key.toBase58());
  const indexOf = (key: PublicKey): number => order.indexOf(key.toBase58());
  const signers = own.filter(({ isSigner }) => isSigner);
  return {
    version,
    header: [
      signers.length,
      signers.filter(({ isWritable }) => !isWritable).length,
      own.filter(({ isSigner, isWritable }) => !isSigner && !isWritable).length,
    ],
    keys: own.map(({ key }) => key.toBytes()),
    blockhash,
    instructions: instructions.map(({ programId, keys, data }) => ({
      program: indexOf(programId),
      accounts: keys.map(({ pubkey }) => indexOf(pubkey)),
      data: Uint8Array.from(data),
    })),
    lookups:
      table === undefined || looked.length === 0
        ? []
        : [
            {
              table: table.key,
              writable: writable.map(({ key }) => placeOf(key)),
              readonly: readonly.map(({ key }) => placeOf(key)),
            },
          ],
  };
};

const near = (random: Random, value: number): number => (value + random.pick([1, -1, 2, 127, 128, 255])) & 0xff;

const mutateList = <T>(random: Random, list: readonly T[], change: (item: T) => T, fresh: () => T): T[] => {
  const copy = [...list];
  const at = random.int(copy.length + 1);
  const item = copy[at];
  const kind = random.int(4);
  if (item === undefined || kind === 0) copy.splice(at, 0, item !== undefined && random.chance(0.5) ? item : fresh());
  else if (kind === 1) copy.splice(at, 1);
  else copy[at] = change(item);
  return copy;
};

/** Changes one part; `keys` are those that may get in. */
const mutateMessage = (random: Random, message: Message, keys: readonly Uint8Array[]): Message => {
  const index = () => random.int(message.keys.length + 3);
  const bytes = (list: readonly number[]): number[] => mutateList(random, list, (value) => near(random, value), index);
  const instruction = (): Message["instructions"][number] => ({
    program: index(),
    accounts: Array.from({ length: random.int(6) }, index),
    data: random.bytes(random.pick([0, 4, 12, 60])),
  });
  const lookup = (): Message["lookups"][number] => ({
    table: random.pick(keys),
    writable: Array.from({ length: random.int(3) }, () => random.int(4)),
    readonly: Array.from({ length: random.int(3) }, () => random.int(256)),
  });
  const changes: (() => Partial<Message>)[] = [
    () => ({
      header: mutateList(
        random,
        message.header,
        (value) => near(random, value),
        () => 0,
      ).slice(0, 3),
    }),
    () => ({
      keys: mutateList(
        random,
        message.keys,
        () => random.pick(keys),
        () => random.pick(keys),
      ),
    }),
    () => ({ blockhash: random.pick([random.bytes(32), new Uint8Array(32), message.blockhash]) }),
    () => ({
      instructions: mutateList(
        random,
        message.instructions,
        (each) =>
          random.pick([
            () => ({ ...each, data: mutateBytes(random, each.data) }),
            () => ({ ...each, accounts: bytes(each.accounts) }),
            () => ({ ...each, program: index() }),
          ])(),
        instruction,
      ),
    }),
    () => ({
      lookups: mutateList(
        random,
        message.lookups,
        (each) =>
          random.pick([
            () => ({ ...each, table: random.pick(keys) }),
            () => ({ ...each, writable: bytes(each.writable) }),
            () => ({ ...each, readonly: bytes(each.readonly) }),
          ])(),
        lookup,
      ),
    }),
    () => ({ version: random.pick([-1, 0, 0, 1, 127]) }),
  ];
  return { ...message, ...random.pick(changes)() };
};

/** A compact-u16; `isLong`: in a byte more than it takes. */
const compact = (value: number, isLong: boolean): Uint8Array => {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f || isLong ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Uint8Array.from(isLong ? [...bytes.slice(0, -1), (bytes.at(-1) ?? 0) | 0x80, 0] : bytes);
};

/** `sloppy`: how often a length is written longer than it has to be. */
const encode = (random: Random, message: Message, sloppy: number): Uint8Array => {
  const list = (items: readonly Uint8Array[]): Uint8Array =>
    concatBytes(compact(items.length, random.chance(sloppy)), ...items);
  const indices = (values: readonly number[]): Uint8Array =>
    concatBytes(compact(values.length, random.chance(sloppy)), Uint8Array.from(values));
  const { version, header, keys, blockhash, instructions, lookups } = message;
  return concatBytes(
    version < 0 ? new Uint8Array() : Uint8Array.of(0x80 | version),
    Uint8Array.of(header[0] ?? 0, header[1] ?? 0, header[2] ?? 0),
    list(keys),
    blockhash,
    list(
      instructions.map(({ program, accounts, data }) =>
        concatBytes(
          Uint8Array.of(program),
          indices(accounts),
          concatBytes(compact(data.length, random.chance(sloppy)), data),
        ),
      ),
    ),
    version < 0
      ? new Uint8Array()
      : list(lookups.map(({ table, writable, readonly }) => concatBytes(table, indices(writable), indices(readonly)))),
  );
};

/**
 * A signed transaction of a draft, wrong in so many places.
 *
 * @param signers who can sign; for keys of others there are only random signatures
 * @param keys those that mutations put in
 */
export const transactionOf = (
  random: Random,
  draft: Draft,
  mutations: number,
  signers: readonly Signer[],
  keys: readonly Uint8Array[],
): Uint8Array => {
  let message = compile(draft);
  for (let left = mutations; left > 0; left--) message = mutateMessage(random, message, keys);
  const encoded = encode(random, message, mutations > 0 && random.chance(0.1) ? 0.2 : 0);
  const isForged = random.chance(0.04);
  const count = (message.header[0] ?? 0) + (random.chance(0.02) ? 1 : 0);
  const signatures = Array.from({ length: count }, (_, i) => {
    const key = message.keys[i];
    const signer = signers.find((each) => key !== undefined && toHex(each.key.toBytes()) === toHex(key));
    return signer === undefined || isForged ? random.bytes(64) : Uint8Array.from(sign(null, encoded, signer.secret));
  });
  return concatBytes(compact(count, false), ...signatures, encoded);
};
