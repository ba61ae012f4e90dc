/** Executes an SVM tenant: canonical order, recent blockhashes, fees, seals. */
import { equalBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asRoot, type Domain, type Root } from "../../protocol/ids.ts";
import { entriesRoot } from "../../protocol/payload.ts";
import type {
  BlockContext,
  Execution,
  Executor,
  Inspection,
  LegExecution,
  Mark,
  OrderedEntry,
  OrderedLeg,
  RefusalCode,
  SealedHead,
} from "../adapter.ts";
import { leftOutLeg } from "../legs.ts";
import { asDeclared, canonicalOrder, leftOut } from "../order.ts";
import { rentExemption } from "./account.ts";
import type { Admission, Admitted } from "./admission.ts";
import { createReader } from "./answers.ts";
import { encodeBlock, type SvmBlock } from "./block.ts";
import { gatewayState, readRelease, stateBytes, writtenState } from "./contracts/gateway.ts";
import { type Slot, slotsPerEpoch } from "./engine.ts";
import { createLedger } from "./ledger.ts";
import { explainLeg, legExecution, legOf, refuseMarked, withSvmDeposits } from "./legs.ts";
import { blockLimits } from "./limits.ts";
import { encodeReceipt } from "./receipt.ts";
import { diffOf, type SvmState, sealTree } from "./state.ts";
import { isLackOfFunds } from "./transactionError.ts";
import { type Moment, nextAuxRoot } from "./window.ts";

/** What the open block came to so far, besides accounts. */
type Progress = {
  receiptLeaves: Root[];
  signatures: Uint8Array[];
  receiptBytes: number;
  /** Times that a new engine was needed to undo a transaction. */
  reloads: number;
  gasAsked: number;
  gasUsed: number;
  fees: bigint;
};

type OpenBlock = Progress & {
  context: BlockContext;
  /** Native ids of what was applied. */
  applied: Set<Hex>;
  checkpoints: (Omit<Progress, "receiptLeaves" | "signatures"> & { id: number; mark: number; applied: number })[];
  nextCheckpoint: number;
};

export type ExecutorOptions = {
  domain: Domain;
  state: SvmState;
  admission: Admission;
  feeRecipient: Uint8Array;
  /** Compute units that the transactions of a block may ask for. */
  burst: number;
  /** Blockhash under a shared header. */
  blockhashOf(header: Root): Root;
  /** Notes each entry before it is executed. */
  mark: Mark | undefined;
};

const factsIn = (inspected: ReturnType<Admission["inspect"]>): Inspection =>
  inspected.ok ? { ok: true, value: inspected.value.facts } : inspected;

const secondsOf = (timestampMs: number): number => Math.floor(timestampMs / 1000);

export const headOf = ({ number, blockhash, stateRoot }: SvmBlock): SealedHead => ({
  number,
  blockHash: blockhash,
  stateRoot,
});

export const createExecutor = ({
  domain,
  state,
  admission,
  feeRecipient,
  burst,
  blockhashOf,
  mark,
}: ExecutorOptions): Executor => {
  const { accounts, window, tree } = state;
  const ledger = createLedger(accounts);
  let open: OpenBlock | undefined;

  const epochStartAt = ({ number, timestampMs }: Moment): number =>
    number % slotsPerEpoch === 0 ? secondsOf(timestampMs) : state.head.epochStart;

  const slotAt = (moment: Moment): Slot => ({
    slot: moment.number,
    unixSeconds: secondsOf(moment.timestampMs),
    epoch: Math.floor(moment.number / slotsPerEpoch),
    epochStart: epochStartAt(moment),
    slotHashes: window.slotHashes(),
  });

  const reader = createReader(state, admission, () =>
    slotAt({ number: state.head.number + 1, timestampMs: state.head.timestampMs }),
  );

  const openBlock = (): OpenBlock => {
    if (open === undefined) throw new LockstepError("wrong_state", "no block is open: call begin first");
    return open;
  };

  /** Why a block at `moment` takes a transaction no more, as far as blocks up to its parent tell. */
  const staleness = ({ transaction }: Admitted, moment: Moment): RefusalCode | undefined => {
    const appliedAt = window.appliedAt(transaction.signatures[0] as Uint8Array);
    if (appliedAt !== undefined && appliedAt < moment.number) return "duplicate";
    return window.isRecent(transaction.recentBlockhash, moment) ? undefined : "invalid";
  };

  /** Whether the block after the certified one would have left it out as well. */
  const wasStale = (admitted: Admitted, certified: number): boolean => {
    const block = window.at(certified);
    return block === undefined || staleness(admitted, { ...block, number: certified + 1 }) !== undefined;
  };

  const executeOne = (block: OpenBlock, index: number, admitted: Admitted, bytes: Uint8Array): Execution => {
    const { transaction, facts, fees } = admitted;
    const stale = staleness(admitted, block.context);
    if (stale !== undefined) {
      return { kind: "omitted", index, reason: stale, hopeless: wasStale(admitted, block.context.certified) };
    }
    const isFull = block.gasAsked + facts.gas > burst || block.reloads >= blockLimits.reloads;
    if (isFull) return { kind: "returned", index, reason: "block_full" };
    const signature = transaction.signatures[0] as Uint8Array;
    if (block.applied.has(facts.nativeId)) return leftOut(index, "duplicate");
    const before = ledger.mark();
    mark?.entry(index);
    const executed = ledger.execute(transaction, bytes, fees.fee);
    if (executed.kind === "refused") {
      return leftOut(index, isLackOfFunds(executed.error) ? "insufficient_funds" : "invalid");
    }
    const receipt = encodeReceipt(executed.receipt);
    const receiptBytes = block.receiptBytes + receipt.length;
    if (ledger.changedBytes() + receiptBytes > blockLimits.changedBytes) {
      if (ledger.revert(before)) block.reloads++;
      // No block has room for what doesn't fit an empty one.
      return block.signatures.length === 0
        ? leftOut(index, "invalid")
        : { kind: "returned", index, reason: "block_full" };
    }
    block.receiptBytes = receiptBytes;
    const { error, unitsConsumed } = executed.receipt;
    block.receiptLeaves.push(sha256(receipt));
    block.signatures.push(signature);
    block.applied.add(facts.nativeId);
    block.gasAsked += facts.gas;
    block.gasUsed += unitsConsumed;
    block.fees += fees.fee;
    const { nativeId, gas } = facts;
    return { kind: "applied", index, nativeId, receipt, gas, gasUsed: unitsConsumed, succeeded: error === undefined };
  };

  const executeAll = (block: OpenBlock, entries: readonly OrderedEntry[]): Execution[] => {
    const inspected = entries.map(({ bytes }) => admission.inspect(bytes));
    const orderable = inspected.map((result, i) => {
      const entry = entries[i] as OrderedEntry;
      return asDeclared(refuseMarked(factsIn(result), entry.bytes), entry);
    });
    return canonicalOrder(orderable).map(({ index, refusal }) => {
      if (refusal !== undefined) return leftOut(index, refusal);
      const admitted = inspected[index];
      if (!admitted?.ok) throw new LockstepError("executor_failed", "an entry has no facts");
      const { bytes } = entries[index] as OrderedEntry;
      return withSvmDeposits(executeOne(block, index, admitted.value, bytes), admitted.value.transaction, bytes);
    });
  };

  const executeLeg = (block: OpenBlock, leg: OrderedLeg): LegExecution => {
    const inspected = admission.inspect(leg.bytes);
    const inspection = legOf(asDeclared(factsIn(inspected), leg), leg);
    if (!inspection.ok) return leftOutLeg(leg, inspection.error);
    if (!inspected.ok) throw new LockstepError("executor_failed", "a leg has no facts");
    const execution = executeOne(block, leg.index, inspected.value, leg.bytes);
    return legExecution(domain, execution, inspected.value.transaction);
  };

  /** What is said of a transaction at the door, its marker aside. */
  const inspectOne = (bytes: Uint8Array): Inspection => {
    const inspected = admission.inspect(bytes);
    if (!inspected.ok) return inspected;
    const { number, timestampMs } = state.head;
    const stale = staleness(inspected.value, { number: number + 1, timestampMs });
    if (stale !== undefined) {
      const message =
        stale === "duplicate" ? "it was applied already" : "Blockhash not found: it is unknown, or too old by now";
      return { ok: false, error: { code: stale, message } };
    }
    const { facts, transaction } = inspected.value;
    const balance = accounts.get(transaction.keys[0] as Uint8Array)?.lamports ?? 0n;
    return { ok: true, value: { ...facts, account: { nonce: 0, balance } } };
  };

  const takeCheckpoint = (block: OpenBlock, id: number) => {
    const position = block.checkpoints.findIndex((checkpoint) => checkpoint.id === id);
    const found = block.checkpoints[position];
    if (found === undefined) throw new LockstepError("bad_checkpoint", `${id} is no checkpoint of the open block`);
    block.checkpoints.length = position;
    return found;
  };

  return {
    inspect: async (transactions) => transactions.map((bytes) => refuseMarked(inspectOne(bytes), bytes)),

    begin: async (context) => {
      if (open !== undefined) throw new LockstepError("wrong_state", "a block is open already");
      const { number, blockhash } = state.head;
      if (context.number !== number + 1 || !equalBytes(context.parentHash, blockhash)) {
        throw new LockstepError("wrong_state", `block ${context.number} does not follow block ${number}`, {
          parentHash: toHex(context.parentHash),
          head: toHex(blockhash),
        });
      }
      ledger.begin(() => slotAt(context));
      const nothing = {
        receiptLeaves: [],
        signatures: [],
        receiptBytes: 0,
        reloads: 0,
        gasAsked: 0,
        gasUsed: 0,
        fees: 0n,
      };
      open = { ...nothing, context, applied: new Set(), checkpoints: [], nextCheckpoint: 0 };
    },

    write: async (write) => {
      openBlock();
      const release = readRelease(write);
      if (release !== undefined) {
        return ledger.move(gatewayState, release.recipient, release.lamports, BigInt(rentExemption(stateBytes)));
      }
      const written = ledger.writeData(gatewayState, (data) => writtenState(data, write));
      if (!written) throw new LockstepError("bad_input", "no write to the gateway's state");
    },

    execute: async (entries) => executeAll(openBlock(), entries),

    inspectLegs: async (transactions) => transactions.map(inspectOne),
    leg: async (leg) => executeLeg(openBlock(), leg),
    explain: async (_, executed) => explainLeg(executed),

    checkpoint: async () => {
      const block = openBlock();
      const id = block.nextCheckpoint++;
      const { receiptBytes, reloads, gasAsked, gasUsed, fees } = block;
      const progress = { receiptBytes, reloads, gasAsked, gasUsed, fees };
      block.checkpoints.push({ id, mark: ledger.mark(), applied: block.signatures.length, ...progress });
      return id;
    },

    commit: async (id) => {
      takeCheckpoint(openBlock(), id);
    },

    revert: async (id) => {
      const block = openBlock();
      const { id: _, mark, applied, ...progress } = takeCheckpoint(block, id);
      ledger.revert(mark);
      block.signatures.length = applied;
      block.receiptLeaves.length = applied;
      block.applied = new Set(block.signatures.map(toHex));
      Object.assign(block, progress);
    },

    seal: async () => {
      const block = openBlock();
      const { context, signatures, gasUsed } = block;
      if (block.checkpoints.length > 0)
        throw new LockstepError("wrong_state", "commit or revert every checkpoint first");
      if (block.fees > 0n) ledger.credit(feeRecipient, block.fees);
      const { changes, programs } = ledger.end();
      const before = state.head;
      const { number, timestampMs } = context;
      const added = { number, timestampMs, blockhash: blockhashOf(context.header), signatures };
      const epochStart = epochStartAt(context);
      const after: SvmBlock = {
        ...{ number, timestampMs, blockhash: added.blockhash, parent: before.blockhash, epochStart },
        stateRoot: asRoot(sealTree(tree, changes)),
        auxRoot: nextAuxRoot(before.auxRoot, added),
        transactions: before.transactions + signatures.length,
      };
      accounts.apply(changes);
      const forgotten = window.add(added);
      reader.sealed([...changes.map(({ key }) => key), ...programs]);
      state.head = after;
      open = undefined;
      return {
        ...headOf(after),
        auxRoot: after.auxRoot,
        receiptsRoot: entriesRoot(block.receiptLeaves),
        gasUsed,
        block: encodeBlock(after),
        diff: diffOf({ changes, before, after, added, forgotten }),
      };
    },

    discard: async () => {
      if (open === undefined) return;
      ledger.discard();
      open = undefined;
    },

    read: async (request) => reader.answer(request),

    close: async () => {
      open = undefined;
    },
  };
};
