/** What consensus asks of the sequencer: headers to propose, and judgement of those that others propose. */

import type { Application, HeaderLookup, KnownHeader } from "../../consensus/application.ts";
import type { BlsVerifier } from "../../consensus/certificate/bls.ts";
import { refuteCertificate } from "../../consensus/certificate/verify.ts";
import { toHex } from "../../protocol/bytes.ts";
import type { Certified, Header } from "../../protocol/header.ts";
import { asHeight, type Epoch, type Root, type ValidatorIndex } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import type { Runtime } from "../../protocol/ports.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import { attestationContext } from "../attestation/collector.ts";
import type { Summaries } from "../attestation/summaries.ts";
import type { BatchExchange } from "../batch/exchange.ts";
import type { HeldBatch } from "../batch/held.ts";
import { batchLimits } from "../batch/limits.ts";
import type { BatchStore, OpenBatch } from "../batch/store.ts";
import { readCommands } from "../control/commands.ts";
import { lastSequence, meet } from "../control/state.ts";
import { assembleHeader, chooseBatches } from "./assembly.ts";
import type { Branches, Hold } from "./branches.ts";
import { certificateToCheck, type Invalidity, refuteBatches, refuteHeader } from "./validity.ts";

export type VotingOptions = {
  genesis: Root;
  self: ValidatorIndex;
  runtime: Runtime;
  bls: BlsVerifier;
  branches: Branches;
  batches: BatchStore;
  exchange: BatchExchange;
  summaries: Summaries;
  /** Newest execution certificate known here. */
  certified(): Certified | undefined;
  /** Newest finalized height whose block was not empty. */
  newestWork(): number;
  validatorsOf(epoch: Epoch): ValidatorSet;
  log(event: { event: string; [field: string]: unknown }): void;
};

/**
 * Open batches that a block under `state` should take, each producer's without gaps: passing over a
 * sequence voids it, so one is passed over only when it has not come for long.
 */
export const candidates = (open: readonly OpenBatch[], state: OrderingState, nowMs: number): HeldBatch[] => {
  const last = new Map<string, { sequence: number; arrived: number }>();
  const chosen: { batch: HeldBatch; arrived: number }[] = [];
  for (const { batch, since } of [...open].sort((a, b) => a.batch.sequence - b.batch.sequence)) {
    const producer = toHex(batch.producer);
    const before = last.get(producer) ?? { sequence: lastSequence(state, batch.producer), arrived: 0 };
    if (before.sequence === undefined || batch.sequence <= before.sequence) continue;
    if (batch.sequence > before.sequence + 1 && nowMs - since < batchLimits.gapMs) continue;
    // No earlier than its producer's batch before, so that sorting keeps their sequence.
    const arrived = Math.max(since, before.arrived);
    last.set(producer, { sequence: batch.sequence, arrived });
    chosen.push({ batch, arrived });
  }
  return chosen.sort((a, b) => a.arrived - b.arrived).map(({ batch }) => batch);
};

type Voting = Pick<Application, "propose" | "validate" | "hasWork">;

export const createVoting = (options: VotingOptions): Voting => {
  const { runtime, branches, batches, exchange } = options;

  const hold =
    (signal?: AbortSignal): Hold =>
    async ({ header }, state) => {
      const [held, summaries] = await Promise.all([
        exchange.hold(header, signal),
        options.summaries.hold(state.certified, header.certified, signal),
      ]);
      return { batches: held, commands: await readCommands(options.bls, options.genesis, held), summaries };
    };

  /** Certificates of another revision are of no use any more, or not yet. */
  const newestUnder = (state: OrderingState): Certified | undefined => {
    const newest = options.certified();
    return newest?.revision === state.revision ? newest : undefined;
  };

  /** The newest certificate that a block under `state` can carry, and the summaries that it newly covers. */
  const toCertify = async (state: OrderingState, parent: Header) => {
    const newest = newestUnder(state);
    if (newest === undefined || newest.height <= state.certified) return { certified: parent.certified, summaries: [] };
    const summaries = await options.summaries.known(state.certified, newest);
    return summaries === undefined ? { certified: parent.certified, summaries: [] } : { certified: newest, summaries };
  };

  /** Resolves when the clock has come close enough to the header's time; a far future never votes. */
  const clockReaches = (timestampMs: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const early = timestampMs - limits.clockDriftMs - runtime.now();
      if (early <= 0) return resolve();
      const cancel = runtime.after(early, resolve);
      signal.addEventListener("abort", () => {
        cancel();
        reject(signal.reason);
      });
    });

  const certifiedHolds = async (header: Header, parent: Header, epochLength: number): Promise<boolean> => {
    const check = certificateToCheck(header, parent, epochLength);
    if (check === undefined) return true;
    const context = attestationContext(options.genesis, check);
    const set = options.validatorsOf(check.epoch);
    return (await refuteCertificate(options.bls, set, context, check.certificate)) === undefined;
  };

  const refused = ({ height, proposer }: Header, invalidity: Invalidity): false => {
    options.log({ event: "invalid_block", height, proposer, ...invalidity });
    return false;
  };

  const validate = async (
    block: KnownHeader,
    parent: KnownHeader,
    ancestors: HeaderLookup,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const { header } = block;
    const state = await branches.after(parent, ancestors, hold(signal));
    const lineage = { header, parent: parent.header, parentRoot: parent.root, state };
    const early = refuteHeader(lineage);
    if (early !== undefined) return refused(header, early);
    const [holds, held] = await Promise.all([
      certifiedHolds(header, parent.header, state.epochLength),
      exchange.hold(header, signal),
    ]);
    if (!holds) return refused(header, { code: "certificate", message: "the execution certificate does not hold" });
    // Only now: what a false certificate names nobody can give.
    const summaries = await options.summaries.hold(state.certified, header.certified, signal);
    const invalidity = refuteBatches({ ...lineage, batches: held, summaries });
    if (invalidity !== undefined) return refused(header, invalidity);
    await clockReaches(header.timestampMs, signal);
    const commands = await readCommands(options.bls, options.genesis, held);
    branches.extend(block, state, { batches: held, commands, summaries });
    return true;
  };

  return {
    propose: async (parent, ancestors) => {
      const state = await branches.after(parent, ancestors, hold());
      return assembleHeader({
        parent: parent.header,
        parentRoot: parent.root,
        state,
        candidates: candidates(batches.open(), state, runtime.now()),
        ...(await toCertify(state, parent.header)),
        proposer: options.self,
        nowMs: runtime.now(),
      });
    },
    validate,
    hasWork: (parent) => {
      const state = branches.known(parent.root);
      if (state === undefined) return false;
      const certified = parent.header.certified.height;
      const newer = newestUnder(state)?.height ?? 0;
      // A certificate is worth a block of its own once it covers work that none before covered.
      if (newer > certified && certified < options.newestWork()) return true;
      const now = runtime.now();
      const timestampMs = Math.max(parent.header.timestampMs + 1, now);
      const met = meet(state, { timestampMs, certified: asHeight(Math.max(certified, newer)) }, []);
      return chooseBatches(met, parent.header.height + 1, candidates(batches.open(), state, now)).length > 0;
    },
  };
};
