/** What transactions of an SVM may ask for: the life of programs, lookup tables, tokens, and anything at all. */
import {
  createAssociatedTokenAccountIdempotentInstruction,
  createCloseAccountInstruction,
  createInitializeMint2Instruction,
  createMintToInstruction,
  createSyncNativeInstruction,
  getAssociatedTokenAddressSync,
  MINT_SIZE,
  NATIVE_MINT,
  TOKEN_2022_PROGRAM_ID,
  TOKEN_PROGRAM_ID,
} from "@solana/spl-token";
import {
  AddressLookupTableProgram,
  ComputeBudgetProgram,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
} from "@solana/web3.js";
import { deployment, loader, memoCode, programData } from "../fixtures/svmLoader.ts";
import type { Random } from "../replay/random.ts";
import { mutateBytes } from "./mutate.ts";
import { type Signer, signerNamed, type Table } from "./svmMessage.ts";

/** What a generator knows of the chain; the rest it finds by trying. */
export type View = { blockhash: Uint8Array; slot: number; tables: readonly Table[] };

export type Wish = { instructions: TransactionInstruction[]; payer: Signer; signers: Signer[] };

const memoProgram = new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
/** Everything that answers to an instruction, and some that answers to none. */
const called = [
  ...["11111111111111111111111111111111", "ComputeBudget111111111111111111111111111111"],
  ...["BPFLoader1111111111111111111111111111111111", "BPFLoader2111111111111111111111111111111111"],
  ...["BPFLoaderUpgradeab1e11111111111111111111111", "LoaderV411111111111111111111111111111111111"],
  ...["NativeLoader1111111111111111111111111111111", "AddressLookupTab1e1111111111111111111111111"],
  ...["Vote111111111111111111111111111111111111111", "Stake11111111111111111111111111111111111111"],
  ...["Config1111111111111111111111111111111111111", "ZkE1Gama1Proof11111111111111111111111111111"],
  ...["Ed25519SigVerify111111111111111111111111111", "KeccakSecp256k11111111111111111111111111111"],
  ...["Secp256r1SigVerify1111111111111111111111111", "Feature111111111111111111111111111111111111"],
  ...["SysvarC1ock11111111111111111111111111111111", "SysvarRent111111111111111111111111111111111"],
  ...["ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL", "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo"],
].map((text) => new PublicKey(text));
const programs = [...called, memoProgram, TOKEN_PROGRAM_ID, TOKEN_2022_PROGRAM_ID];
const sysvars = [
  ...["SysvarS1otHashes111111111111111111111111111", "Sysvar1nstructions1111111111111111111111111"],
  ...["SysvarRecentB1ockHashes11111111111111111111", "SysvarStakeHistory1111111111111111111111111"],
].map((text) => new PublicKey(text));

const rent = (bytes: number): number => (128 + bytes) * 6960;
const little = (random: Random): number => random.pick([0, 1, 5_000, 890_880, 2_000_000, 2 ** 32, 2 ** 53 - 1]);

/** So many attempts are paid by one account, and about one program, which is deployed in their course, upgraded and closed. */
const chapter = 600;

/** Payers take turns: one may have given its account away. */
export const payerOf = (payers: readonly [Signer, ...Signer[]], number: number): Signer =>
  payers[Math.floor(number / chapter) % payers.length] ?? payers[0];

type Place = { buffer: Signer; program: Signer };
const placeOf = (number: number): Place => {
  const name = Math.floor(number / chapter);
  return { buffer: signerNamed(`buffer ${name}`), program: signerNamed(`program ${name}`) };
};

/** A wallet that was never paid anything. */
const poor = signerNamed("poor");

const code = (random: Random): Uint8Array => {
  const whole = memoCode();
  if (random.chance(0.9)) return whole;
  const broken = mutateBytes(random, whole);
  const bytes = new Uint8Array(whole.length);
  bytes.set(broken.subarray(0, whole.length));
  return bytes;
};

type Step = (
  random: Random,
  payer: Signer,
  place: Place,
) => { instructions: TransactionInstruction[]; signers?: Signer[] };

const memo = (program: PublicKey, random: Random): TransactionInstruction =>
  new TransactionInstruction({
    programId: program,
    keys: [],
    data: Buffer.from(random.bytes(random.pick([0, 1, 20]))),
  });

const steps = {
  open: (random, payer, { buffer, program }) => ({
    instructions: deployment(payer.key, buffer.key, program.key, code(random)).open,
    signers: [buffer],
  }),
  write: (random, payer, { buffer, program }) => ({
    instructions: random.pick(deployment(payer.key, buffer.key, program.key, code(random)).writes),
  }),
  deploy: (_, payer, { buffer, program }) => ({
    instructions: deployment(payer.key, buffer.key, program.key, memoCode()).deploy,
    signers: [program],
  }),
  call: (random, _, { program }) => ({ instructions: [memo(program.key, random)] }),
  upgrade: (_, payer, { buffer, program }) => ({
    instructions: [loader.upgrade(program.key, buffer.key, payer.key)],
  }),
  extend: (random, payer, { program }) => ({
    instructions: [loader.extend(program.key, payer.key, random.pick([0, 1, 10_240, 2 ** 31]))],
  }),
  setAuthority: (random, payer, { program }) => ({
    instructions: [loader.setAuthority(program.key, payer.key, random.chance(0.9) ? payer.key : undefined)],
  }),
  close: (_, payer, { program }) => ({ instructions: [loader.close(program.key, payer.key)] }),
  closeBuffer: (_, payer, { buffer }) => ({ instructions: [loader.closeBuffer(buffer.key, payer.key)] }),
  pay: (random, payer, { buffer, program }) => ({
    instructions: [
      SystemProgram.transfer({
        fromPubkey: payer.key,
        toPubkey: random.pick([buffer.key, program.key, programData(program.key)]),
        lamports: random.pick([1, 890_880, 2_000_000, 30_000_000]),
      }),
    ],
  }),
  /** An account of any owner where a program is to be, or was. */
  squat: (random, payer, { buffer, program }) => {
    const account = random.pick([buffer, program]);
    const space = random.pick([0, 36, 45, 2400]);
    return {
      instructions: [
        SystemProgram.createAccount({
          ...{ fromPubkey: payer.key, newAccountPubkey: account.key, space, lamports: rent(space) },
          programId: random.pick(programs),
        }),
      ],
      signers: [account],
    };
  },
  /** The account itself acts: it pays, gives away its lamports, or takes another owner. */
  own: (random, payer, { buffer, program }) => {
    const account = random.pick([buffer, program, poor]);
    const { key } = account;
    return {
      instructions: [
        random.pick([
          () => SystemProgram.transfer({ fromPubkey: key, toPubkey: payer.key, lamports: little(random) }),
          () => SystemProgram.assign({ accountPubkey: key, programId: random.pick(programs) }),
          () => SystemProgram.allocate({ accountPubkey: key, space: random.pick([0, 36, 2400, 2 ** 16]) }),
        ])(),
      ],
      signers: [account],
    };
  },
} satisfies Record<string, Step>;

/** Which steps fit, from a share of the chapter on. */
const course: readonly (readonly [from: number, fitting: readonly (keyof typeof steps)[]])[] = [
  [0, ["open"]],
  [0.08, ["write"]],
  [0.3, ["deploy", "write"]],
  [0.38, ["call", "open"]],
  [0.46, ["write"]],
  [0.66, ["upgrade", "call", "extend", "open"]],
  [0.8, ["close", "call", "pay"]],
  [0.86, ["call", "pay", "deploy", "upgrade", "squat", "own"]],
];
const anyStep = Object.keys(steps) as (keyof typeof steps)[];

const loaderWish = (random: Random, number: number, payer: Signer): Wish => {
  const place = placeOf(number);
  const share = (number % chapter) / chapter;
  const fitting = course.findLast(([from]) => from <= share)?.[1] ?? anyStep;
  const wish: Wish = { instructions: [], payer, signers: [payer, place.buffer, place.program, poor] };
  for (let count = random.pick([1, 1, 1, 1, 2, 3]); count > 0; count--) {
    const step: Step = steps[random.pick(random.chance(0.8) ? fitting : anyStep)];
    wish.instructions.push(...step(random, payer, place).instructions);
  }
  if (random.chance(0.03)) return { ...wish, payer: random.pick(wish.signers) };
  return wish;
};

const tableWish = (random: Random, payer: Signer, { slot, tables }: View): Wish => {
  const table = tables.length === 0 ? undefined : new PublicKey(random.pick(tables).key);
  const some = () => random.pick([signerNamed(`listed ${random.int(4)}`).key, memoProgram, payer.key, poor.key]);
  const [create, made] = AddressLookupTableProgram.createLookupTable({
    ...{ authority: payer.key, payer: payer.key, recentSlot: Math.max(0, slot - random.int(20)) },
  });
  const common = { lookupTable: table ?? made, authority: payer.key };
  const instructions = random.pick([
    () => [create],
    () => [create, extend(made)],
    () => [extend(common.lookupTable)],
    () => [AddressLookupTableProgram.freezeLookupTable(common)],
    () => [AddressLookupTableProgram.deactivateLookupTable(common)],
    () => [AddressLookupTableProgram.closeLookupTable({ ...common, recipient: payer.key })],
  ])();
  return { instructions, payer, signers: [payer] };

  function extend(lookupTable: PublicKey): TransactionInstruction {
    const addresses = Array.from({ length: random.int(6) }, some);
    return AddressLookupTableProgram.extendLookupTable({ ...common, lookupTable, payer: payer.key, addresses });
  }
};

const tokenWish = (random: Random, payer: Signer): Wish => {
  const program = random.pick([TOKEN_PROGRAM_ID, TOKEN_2022_PROGRAM_ID]);
  const mint = signerNamed(`mint ${random.int(8)} ${program.toBase58()}`);
  const owner = random.pick([payer, poor]);
  const account = getAssociatedTokenAddressSync(mint.key, owner.key, true, program);
  const wrapped = getAssociatedTokenAddressSync(NATIVE_MINT, payer.key);
  const amount = random.pick([0n, 1n, 10n ** 9n, 2n ** 64n - 1n]);
  const instructions = random.pick([
    () => [
      SystemProgram.createAccount({
        ...{ fromPubkey: payer.key, newAccountPubkey: mint.key, space: MINT_SIZE, lamports: rent(MINT_SIZE) },
        programId: program,
      }),
      createInitializeMint2Instruction(mint.key, random.int(20), payer.key, null, program),
    ],
    () => [
      createAssociatedTokenAccountIdempotentInstruction(payer.key, account, owner.key, mint.key, program),
      createMintToInstruction(mint.key, account, payer.key, amount, [], program),
    ],
    () => [createCloseAccountInstruction(account, payer.key, owner.key, [], program)],
    () => [
      createAssociatedTokenAccountIdempotentInstruction(payer.key, wrapped, payer.key, NATIVE_MINT),
      SystemProgram.transfer({ fromPubkey: payer.key, toPubkey: wrapped, lamports: random.int(10_000) }),
      createSyncNativeInstruction(wrapped),
      createCloseAccountInstruction(wrapped, payer.key, payer.key),
    ],
  ])();
  return { instructions, payer, signers: [payer, mint, poor] };
};

/** Accounts that anything may be tried on. */
const keysFor = (random: Random, number: number, payer: Signer, { tables }: View): PublicKey[] => {
  const { buffer, program } = placeOf(number);
  const table = tables.length === 0 ? [] : [new PublicKey(random.pick(tables).key)];
  const ours = [payer.key, payer.key, buffer.key, program.key, programData(program.key), poor.key];
  return [...ours, ...table, ...sysvars, ...programs, new PublicKey(random.bytes(32))];
};

const anything = (random: Random, number: number, payer: Signer, view: View): Wish => {
  const { buffer, program } = placeOf(number);
  const keys = keysFor(random, number, payer, view).filter((key) => !key.equals(payer.key) || random.chance(0.2));
  const tag = random.int(20);
  const body = () => random.bytes(random.pick([0, 4, 8, 32, 100, 400]));
  const instructions = Array.from({ length: 1 + random.int(3) }, () => {
    const data = random.pick([
      () => Uint8Array.of(tag, 0, 0, 0, ...body()),
      () => Uint8Array.of(tag, ...body()),
      body,
    ])();
    return new TransactionInstruction({
      programId: random.chance(0.9) ? random.pick(programs) : random.pick(keys),
      keys: Array.from({ length: random.int(8) }, () => {
        const pubkey = random.pick(keys);
        const isSigner = [payer, buffer, program, poor].some(({ key }) => key.equals(pubkey)) && random.chance(0.5);
        return { pubkey, isSigner, isWritable: random.chance(0.5) };
      }),
      data: Buffer.from(data),
    });
  });
  return { instructions, payer, signers: [payer, buffer, program, poor] };
};

const plain = (random: Random, payer: Signer): Wish => {
  const toPubkey = random.pick([payer.key, poor.key, new PublicKey(random.bytes(32)), random.pick(programs)]);
  const budget = random.pick([
    () =>
      ComputeBudgetProgram.setComputeUnitLimit({ units: random.pick([0, 1, 450, 200_000, 1_400_000, 2 ** 32 - 1]) }),
    () => ComputeBudgetProgram.setComputeUnitPrice({ microLamports: random.pick([0, 1, 10 ** 6, 2n ** 64n - 1n]) }),
    () => ComputeBudgetProgram.requestHeapFrame({ bytes: random.pick([0, 1024, 32_768, 262_144, 262_145]) }),
  ])();
  return {
    instructions: [
      ...(random.chance(0.4) ? [budget] : []),
      SystemProgram.transfer({ fromPubkey: payer.key, toPubkey, lamports: little(random) }),
      ...(random.chance(0.3) ? [memo(memoProgram, random)] : []),
    ],
    payer,
    signers: [payer, poor],
  };
};

/** What a transaction is to do, and those who can sign it. */
export const wishOf = (random: Random, number: number, payer: Signer, view: View): Wish => {
  const kind = random.int(20);
  if (kind < 10) return loaderWish(random, number, payer);
  if (kind < 13) return tableWish(random, payer, view);
  if (kind < 15) return tokenWish(random, payer);
  if (kind < 18) return anything(random, number, payer, view);
  return plain(random, payer);
};

/** Keys for places where another one belongs. */
export const strayKeys = (random: Random, number: number, payer: Signer, view: View): Uint8Array[] =>
  keysFor(random, number, payer, view).map((key) => key.toBytes());
