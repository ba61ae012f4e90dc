/** What users of an SVM do, in many variations: some of it fails, some of it is refused. */

import {
  createApproveInstruction,
  createAssociatedTokenAccountIdempotentInstruction,
  createBurnInstruction,
  createCloseAccountInstruction,
  createInitializeMint2Instruction,
  createInitializeMintCloseAuthorityInstruction,
  createInitializeTransferFeeConfigInstruction,
  createMintToInstruction,
  createSyncNativeInstruction,
  createTransferCheckedInstruction,
  ExtensionType,
  getAssociatedTokenAddressSync,
  getMintLen,
  MINT_SIZE,
  NATIVE_MINT,
  TOKEN_2022_PROGRAM_ID,
  TOKEN_PROGRAM_ID,
} from "@solana/spl-token";
import {
  AddressLookupTableAccount,
  AddressLookupTableProgram,
  ComputeBudgetProgram,
  type Keypair,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
} from "@solana/web3.js";
import { deployment, loader, memoCode } from "../../fixtures/svmLoader.ts";
import type { Draft, World } from "./world.ts";

const memoProgram = new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
const rent = (bytes: number): number => (128 + bytes) * 6960;

const memo = (text: string, program = memoProgram): TransactionInstruction =>
  new TransactionInstruction({ programId: program, keys: [], data: Buffer.from(text) });

type Token = { mint: PublicKey; authority: Keypair; program: PublicKey };
type Deployed = { program: PublicKey; authority: Keypair };

/** What earlier scenarios left for later ones. */
type Shelf = { tokens: Token[]; tables: { key: PublicKey; authority: Keypair; since: number }[]; programs: Deployed[] };

export type Scenario = (world: World) => Promise<Draft[]> | Draft[];

export const createScenarios = (): Readonly<Record<string, Scenario>> => {
  const shelf: Shelf = { tokens: [], tables: [], programs: [] };
  const someone = ({ random, people }: World): Keypair => random.pick(people);
  const pay = (from: Keypair, to: PublicKey, lamports: number) =>
    SystemProgram.transfer({ fromPubkey: from.publicKey, toPubkey: to, lamports });

  const makeMint = (world: World, program: PublicKey): Draft => {
    const [authority, mint] = [someone(world), world.fresh("mint")];
    const isExtended = program.equals(TOKEN_2022_PROGRAM_ID);
    const extensions = isExtended ? [ExtensionType.MintCloseAuthority, ExtensionType.TransferFeeConfig] : [];
    const space = isExtended ? getMintLen(extensions) : MINT_SIZE;
    shelf.tokens.push({ mint: mint.publicKey, authority, program });
    const key = authority.publicKey;
    return {
      signers: [authority, mint],
      instructions: [
        SystemProgram.createAccount({
          ...{ fromPubkey: key, newAccountPubkey: mint.publicKey, space, lamports: rent(space), programId: program },
        }),
        ...(isExtended
          ? [
              createInitializeMintCloseAuthorityInstruction(mint.publicKey, key, program),
              createInitializeTransferFeeConfigInstruction(mint.publicKey, key, key, 100, 1_000n, program),
            ]
          : []),
        createInitializeMint2Instruction(mint.publicKey, world.random.int(10), key, null, program),
      ],
    };
  };

  const useToken = ({ random, people }: World): Draft[] => {
    if (shelf.tokens.length === 0) return [];
    const { mint, authority, program } = random.pick(shelf.tokens);
    const [from, to] = [random.pick(people), random.pick(people)];
    const of = (owner: Keypair) => getAssociatedTokenAddressSync(mint, owner.publicKey, true, program);
    const open = (owner: Keypair) =>
      createAssociatedTokenAccountIdempotentInstruction(authority.publicKey, of(owner), owner.publicKey, mint, program);
    const amount = random.int(2_000);
    const moves: Draft[] = [
      {
        signers: [authority],
        instructions: [
          open(from),
          open(to),
          createMintToInstruction(mint, of(from), authority.publicKey, amount, [], program),
        ],
      },
      {
        signers: [from],
        instructions: [
          createTransferCheckedInstruction(of(from), mint, of(to), from.publicKey, amount, 6, [], program),
        ],
      },
      { signers: [from], instructions: [createBurnInstruction(of(from), mint, from.publicKey, amount, [], program)] },
      {
        signers: [from],
        instructions: [createApproveInstruction(of(from), to.publicKey, from.publicKey, 5, [], program)],
      },
      {
        signers: [from],
        instructions: [createCloseAccountInstruction(of(from), to.publicKey, from.publicKey, [], program)],
      },
    ];
    return [random.pick(moves), random.pick(moves)];
  };

  const wrap = (world: World): Draft[] => {
    const owner = someone(world);
    const key = getAssociatedTokenAddressSync(NATIVE_MINT, owner.publicKey);
    const instructions = [
      createAssociatedTokenAccountIdempotentInstruction(owner.publicKey, key, owner.publicKey, NATIVE_MINT),
      pay(owner, key, 1_000_000),
      createSyncNativeInstruction(key),
      ...(world.random.chance(0.5) ? [createCloseAccountInstruction(key, owner.publicKey, owner.publicKey)] : []),
    ];
    return [{ signers: [owner], instructions }];
  };

  const openTable = (world: World): Draft[] => {
    const authority = someone(world);
    const key = authority.publicKey;
    const recentSlot = Math.max(0, world.number() - world.random.int(5));
    const [create, table] = AddressLookupTableProgram.createLookupTable({ authority: key, payer: key, recentSlot });
    const addresses = [...world.funded, ...[1, 2, 3].map(() => world.fresh("listed").publicKey)];
    const extend = AddressLookupTableProgram.extendLookupTable({
      ...{ lookupTable: table, authority: key, payer: key, addresses },
    });
    shelf.tables.push({ key: table, authority, since: world.number() + 1 });
    return [{ signers: [authority], instructions: [create, extend] }];
  };

  const useTable = async (world: World): Promise<Draft[]> => {
    const table = shelf.tables.length === 0 ? undefined : world.random.pick(shelf.tables);
    const data = table && (await world.data(table.key));
    if (table === undefined || data === undefined) return [];
    const state = AddressLookupTableAccount.deserialize(data);
    const tables = [new AddressLookupTableAccount({ key: table.key, state })];
    const from = someone(world);
    const to = world.random.pick(state.addresses);
    return [{ signers: [from], tables, instructions: [pay(from, to, 2_000_000), memo("by table")] }];
  };

  const closeTable = (): Draft[] => {
    const table = shelf.tables.length < 4 ? undefined : shelf.tables.shift();
    if (table === undefined) return [];
    const common = { lookupTable: table.key, authority: table.authority.publicKey };
    return [{ signers: [table.authority], instructions: [AddressLookupTableProgram.deactivateLookupTable(common)] }];
  };

  /** Deploys step by step: each call is one more block's work. */
  let building: { stage: number; payer: Keypair; buffer: Keypair; program: Keypair } | undefined;
  const deploy = (world: World): Draft[] => {
    building ??= { stage: 0, payer: someone(world), buffer: world.fresh("buffer"), program: world.fresh("program") };
    const { payer, buffer, program, stage } = building;
    const steps = deployment(payer.publicKey, buffer.publicKey, program.publicKey, memoCode());
    building.stage++;
    if (stage === 0) return [{ signers: [payer, buffer], instructions: steps.open }];
    if (stage === 1) return steps.writes.map((instructions) => ({ signers: [payer], instructions }));
    building = undefined;
    shelf.programs.push({ program: program.publicKey, authority: payer });
    const call = { signers: [someone(world)], instructions: [memo("at once", program.publicKey)] };
    return [call, { signers: [payer, program], instructions: steps.deploy }, call];
  };

  const call = (world: World): Draft[] => {
    if (shelf.programs.length === 0) return [];
    const { program } = world.random.pick(shelf.programs);
    return [{ signers: [someone(world)], instructions: [memo(`call ${world.number()}`, program)] }];
  };

  const close = (world: World): Draft[] => {
    const closed = shelf.programs.length < 5 ? undefined : world.random.pick(shelf.programs);
    if (closed === undefined) return [];
    const { program, authority } = closed;
    const gone = { signers: [someone(world)], instructions: [memo("gone", program)] };
    return [gone, { signers: [authority], instructions: [loader.close(program, authority.publicKey)] }, gone];
  };

  return {
    transfer: (world) => [
      { signers: [someone(world)], instructions: [] },
      ...[1, 2].map(() => {
        const from = someone(world);
        return {
          signers: [from],
          instructions: [pay(from, world.random.pick(world.funded), world.random.int(10_000))],
        };
      }),
    ],
    "new account": (world) => {
      const [from, created] = [someone(world), world.fresh("created")];
      const space = world.random.int(300);
      const lamports = rent(space) + world.random.int(10);
      const programId = world.random.pick([SystemProgram.programId, memoProgram]);
      const instruction = SystemProgram.createAccount({
        ...{ fromPubkey: from.publicKey, newAccountPubkey: created.publicKey, space, lamports, programId },
      });
      return [
        { signers: [from, created], instructions: [instruction] },
        { signers: [from], instructions: [pay(from, world.fresh("paid").publicKey, 1_000_000)] },
      ];
    },
    "emptied account": (world) => {
      const [from, brief] = [someone(world), world.fresh("brief")];
      return [
        { signers: [from], instructions: [pay(from, brief.publicKey, 2_000_000)] },
        { signers: [brief], instructions: [pay(brief, from.publicKey, 1_995_000)] },
      ];
    },
    "derived account": async (world) => {
      const [from, seed] = [someone(world), `seed ${world.number()}`];
      const derived = await PublicKey.createWithSeed(from.publicKey, seed, SystemProgram.programId);
      const common = { fromPubkey: from.publicKey, basePubkey: from.publicKey, seed };
      const create = SystemProgram.createAccountWithSeed({
        ...common,
        ...{ newAccountPubkey: derived, lamports: rent(0), space: 0, programId: SystemProgram.programId },
      });
      const nonce = world.fresh("nonce");
      const createNonce = SystemProgram.createNonceAccount({
        ...{ fromPubkey: from.publicKey, noncePubkey: nonce.publicKey },
        ...{ authorizedPubkey: from.publicKey, lamports: rent(80) },
      });
      return [
        { signers: [from], instructions: [create] },
        { signers: [from, nonce], instructions: createNonce.instructions },
      ];
    },
    failure: (world) => {
      const from = someone(world);
      const limit = ComputeBudgetProgram.setComputeUnitLimit({ units: 300 + world.random.int(3_000) });
      return [
        { signers: [from], instructions: [pay(from, world.random.pick(world.funded), 10 ** 15)] },
        // Leaves less than the rent of an account, or runs out of compute units.
        { signers: [from], instructions: [pay(from, world.fresh("poor").publicKey, 1_000)] },
        { signers: [from], instructions: [limit, memo("x".repeat(world.random.int(500)))] },
        {
          signers: [from],
          instructions: [
            memo("a"),
            new TransactionInstruction({ programId: memoProgram, keys: [], data: Buffer.of(0xff) }),
          ],
        },
      ];
    },
    refused: (world) => {
      const stranger = world.fresh("stranger");
      const absent = new TransactionInstruction({ programId: stranger.publicKey, keys: [], data: Buffer.alloc(0) });
      return [
        { signers: [stranger], instructions: [pay(stranger, world.random.pick(world.funded), 1)] },
        { signers: [someone(world)], instructions: [absent] },
      ];
    },
    "priority fee": (world) => {
      const from = someone(world);
      const price = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: world.random.int(5_000_000) });
      const limit = ComputeBudgetProgram.setComputeUnitLimit({ units: world.random.int(20_000) });
      const heap = ComputeBudgetProgram.requestHeapFrame({ bytes: 64 * 1024 });
      return [
        { signers: [from], instructions: [price, pay(from, world.random.pick(world.funded), 5)] },
        { signers: [from], instructions: [limit, price, heap, memo("fast")] },
      ];
    },
    "new token": (world) => [makeMint(world, TOKEN_PROGRAM_ID)],
    "new Token-2022 token": (world) => [makeMint(world, TOKEN_2022_PROGRAM_ID)],
    token: useToken,
    "wrapped lamports": wrap,
    "new lookup table": openTable,
    "lookup table": useTable,
    "closed lookup table": closeTable,
    deployment: deploy,
    "deployed program": call,
    "closed program": close,
  };
};
