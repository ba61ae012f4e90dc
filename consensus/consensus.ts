/**
 * Simplex BFT consensus as a running part of a node: feeds network, timers, disk and application into the
 * protocol (`simplex/step.ts`) and does what it asks for, in its order.
 */
import { toHex } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import { Header } from "../protocol/header.ts";
import { asHeight, type Epoch, type Height, type Root, type ValidatorIndex, type View } from "../protocol/ids.ts";
import type { Disk, Network, Runtime } from "../protocol/ports.ts";
import { signingRoot } from "../protocol/signing.ts";
import type { Application, FinalizedBlock, HeaderLookup, KnownHeader } from "./application.ts";
import type { Bls, BlsSigner } from "./certificate/bls.ts";
import { decodeBlock } from "./journal/block.ts";
import { createJournal } from "./journal/journal.ts";
import { decodeMessage, encodeMessage } from "./simplex/codec.ts";
import type { Action, Event, Report, Timer } from "./simplex/event.ts";
import { blockByRoot, epochAfter, initialState, leaderAt, type State } from "./simplex/state.ts";
import { contextOf, type Statement } from "./simplex/statement.ts";
import { restore, step } from "./simplex/step.ts";
import { createSyncClient } from "./sync/client.ts";
import { decodeSyncMessage, encodeSyncMessage } from "./sync/messages.ts";
import { createSyncServer } from "./sync/server.ts";
import { createVerification } from "./verification.ts";

/** What consensus reports, for logs and metrics. */
export type ConsensusEvent =
  | Report
  | { readonly event: "started"; readonly epoch: Epoch; readonly view: View; readonly height: Height }
  /** The application threw where it must not; consensus goes on. */
  | { readonly event: "applicationFailed"; readonly call: keyof Application; readonly error: unknown }
  /** Consensus stopped: its disk or its own code can't be trusted any more. */
  | { readonly event: "halted"; readonly error: unknown };

export type ConsensusOptions = {
  /** `root` names the network in every signature; `header` is the block at height 0. */
  readonly genesis: { readonly root: Root; readonly header: Header; readonly epochLength: number };
  readonly self: ValidatorIndex;
  readonly signer: BlsSigner;
  readonly bls: Bls;
  readonly runtime: Runtime;
  readonly network: Network;
  /** Consensus keeps its keys under `c/`. */
  readonly disk: Disk;
  readonly application: Application;
  readonly log: (event: ConsensusEvent) => void;
};

export type ConsensusStatus = {
  readonly epoch: Epoch;
  readonly view: View;
  readonly leader: ValidatorIndex;
  /** Newest finalized height. */
  readonly height: Height;
  /** Views of this epoch that this validator saw nullified. */
  readonly nullifiedViews: number;
  /** Contradictions of validators seen since the start. */
  readonly equivocations: number;
};

export type Consensus = {
  /**
   * Replays the finalized blocks above `from` into the application, then the journal, and joins.
   * @throws LockstepError `consensus_behind_application` when `from` is above what the disk holds
   */
  start(): Promise<void>;
  /** Resolves when what was under way to the disk is there. */
  stop(): Promise<void>;
  /** The application has new work; it answers `hasWork` with `true` now. */
  workArrived(): void;
  status(): ConsensusStatus;
  /** From disk; `undefined` for genesis and above the finalized height. */
  finalizedBlock(height: Height): Promise<FinalizedBlock | undefined>;
  /** Resolves with the reason when consensus had to stop by itself: the process should end. */
  readonly halted: Promise<unknown>;
};

/** Blocks read at once for the application's replay. */
const replayBlocks = 256;
/** After the application threw in `validate`, it is asked again. */
const revalidateMs = 1000;

/** `from`: the height that the application has executed; `finalized` is called for all blocks above. */
export const createConsensus = (options: ConsensusOptions, from: Height): Consensus => {
  const { genesis, self, signer, bls, runtime, network, disk, application, log } = options;
  const journal = createJournal(disk);
  const verification = createVerification(bls, genesis.root);
  const server = createSyncServer(journal, runtime);
  const origin: KnownHeader = { header: genesis.header, root: Header.root(genesis.header) };

  let state: State | undefined;
  let stopped = false;
  let finalizing: Promise<void> = Promise.resolve();
  /** The application has heard of every block that others finalized without it. */
  let introduced: Promise<void> = Promise.resolve();
  let reportHalt: (error: unknown) => void = () => {};
  const halted = new Promise<unknown>((resolve) => {
    reportHalt = resolve;
  });

  const timers = new Map<Timer, () => void>();
  const validations = new Map<string, AbortController>();
  const queue: Event[] = [];
  let running = false;

  const halt = (error: unknown): void => {
    if (stopped) return;
    quiesce();
    log({ event: "halted", error });
    reportHalt(error);
  };

  const quiesce = (): void => {
    stopped = true;
    sync.stop();
    for (const cancel of timers.values()) cancel();
    for (const controller of validations.values()) controller.abort();
  };

  const hasWork = (parent: KnownHeader): boolean => {
    try {
      return application.hasWork(parent);
    } catch (error) {
      log({ event: "applicationFailed", call: "hasWork", error });
      return false;
    }
  };

  const dispatch = (event: Event): void => {
    queue.push(event);
    if (running) return;
    running = true;
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        if (stopped || state === undefined) continue;
        for (const action of step(state, next, { now: runtime.now(), hasWork })) perform(state, action);
      }
    } catch (error) {
      halt(error);
    } finally {
      running = false;
    }
  };

  const perform = (current: State, action: Action): void => {
    switch (action.type) {
      case "setTimer":
        timers.get(action.timer)?.();
        timers.set(
          action.timer,
          runtime.after(action.ms, () => dispatch({ type: "timer", timer: action.timer })),
        );
        break;
      case "clearTimer":
        timers.get(action.timer)?.();
        timers.delete(action.timer);
        break;
      case "send":
        network.send(action.to, "consensus", encodeMessage(action.message));
        break;
      case "broadcast":
        network.broadcast("consensus", encodeMessage(action.message));
        break;
      case "penalize":
        network.penalize(action.peer, action.reason);
        break;
      case "cast":
        castVote(action.statement, action.block);
        break;
      case "keepCertificate":
        journal.certificate(action.certificate);
        break;
      case "keepHeader":
        journal.header(action.block);
        break;
      case "aggregate":
        verification.aggregate(current.set, action.statement, action.votes).then(dispatch, halt);
        break;
      case "verify": {
        const { from: peer, certificate } = action;
        verification
          .isGenuine(current.set, certificate)
          .then((valid) => dispatch({ type: "verified", from: peer, certificate, valid }), halt);
        break;
      }
      case "propose":
        void propose(action.view, action.parent);
        break;
      case "validate":
        validate(action.block, action.parent);
        break;
      case "abandon":
        validations.get(toHex(action.block.root))?.abort();
        break;
      case "finalize":
        finalizing = finalize(action.blocks, action.closes);
        finalizing.catch(halt);
        if (!action.familiar) introduced = finalizing.catch(() => {});
        break;
      case "fetch":
        sync.behind(action.peer, action.height);
        break;
      case "report":
        log(action.report);
        break;
    }
  };

  const ancestors: HeaderLookup = (root) => state && blockByRoot(state, root);

  /** R18: on disk before it is on the wire. */
  const castVote = (statement: Statement, block: KnownHeader | undefined): void => {
    const signature = signer.sign(signingRoot(contextOf(genesis.root, statement)));
    const vote = { ...statement, signer: self, signature };
    journal.vote(vote, block).then(() => dispatch({ type: "cast", vote }), halt);
  };

  const propose = async (view: View, parent: KnownHeader): Promise<void> => {
    let block: KnownHeader | undefined;
    try {
      await introduced;
      const header = await application.propose(parent, ancestors);
      block = { header, root: Header.root(header) };
    } catch (error) {
      log({ event: "applicationFailed", call: "propose", error });
    }
    dispatch({ type: "proposed", view, block });
  };

  const validate = (block: KnownHeader, parent: KnownHeader): void => {
    const key = toHex(block.root);
    const controller = new AbortController();
    const { signal } = controller;
    validations.set(key, controller);
    const attempt = async (): Promise<void> => {
      let valid: boolean;
      try {
        await introduced;
        valid = await application.validate(block, parent, ancestors, signal);
      } catch (error) {
        if (signal.aborted) return;
        log({ event: "applicationFailed", call: "validate", error });
        const cancel = runtime.after(revalidateMs, () => void attempt());
        signal.addEventListener("abort", cancel, { once: true });
        return;
      }
      if (signal.aborted) return;
      validations.delete(key);
      dispatch({ type: "validated", block, valid });
    };
    signal.addEventListener("abort", () => validations.delete(key), { once: true });
    void attempt();
  };

  const deliver = (block: FinalizedBlock): void => {
    try {
      application.finalized(block);
    } catch (error) {
      log({ event: "applicationFailed", call: "finalized", error });
    }
  };

  /** R15: on disk, then known to the application; the next epoch begins after that. */
  const finalize = async (blocks: readonly FinalizedBlock[], closes: boolean): Promise<void> => {
    await Promise.all([finalizing, journal.finalize(blocks)]);
    if (stopped) return;
    for (const block of blocks) deliver(block);
    const tip = blocks.at(-1);
    if (!closes || tip === undefined) return;
    dispatch({ type: "epoch", set: application.validatorsOf(epochAfter(tip, genesis.epochLength)) });
  };

  const sync = createSyncClient({
    chain: { genesis: genesis.root, epochLength: genesis.epochLength },
    network,
    runtime,
    bls,
    here: () => {
      if (state === undefined) throw new Error("sync runs only after the start");
      return { tip: state.floor.block, set: state.set };
    },
    deliver: (blocks) => {
      dispatch({ type: "synced", blocks });
      return finalizing;
    },
  });

  const onSyncMessage = (peer: ValidatorIndex, bytes: Uint8Array): void => {
    if (stopped) return;
    const message = decodeSyncMessage(bytes);
    if (message.type === "reply") {
      sync.receive(peer, message.reply);
      return;
    }
    server.answer(peer, message.request).then((reply) => {
      if (reply !== undefined && !stopped) network.send(peer, "sync", encodeSyncMessage({ type: "reply", reply }));
    }, halt);
  };

  const replayFinalized = async (tip: Height): Promise<void> => {
    for (let next = from + 1; next <= tip; ) {
      const blocks = await journal.encodedBlocks(asHeight(next), replayBlocks, Number.POSITIVE_INFINITY);
      for (const bytes of blocks) {
        const block = decodeBlock(bytes);
        if (block.header.height !== next) throw missing(next);
        deliver(block);
        next += 1;
      }
      if (blocks.length === 0) throw missing(next);
    }
  };

  const missing = (height: number): LockstepError =>
    new LockstepError("data_dir_corrupt", `finalized block ${height} is not on disk: restore the data directory`, {
      height,
    });

  return {
    start: async () => {
      const tip = (await journal.tip()) ?? origin;
      const { height } = tip.header;
      if (from > height) {
        throw new LockstepError(
          "consensus_behind_application",
          `the application executed up to height ${from}, consensus holds blocks up to ${height}: their data don't belong together`,
          { from, height },
        );
      }
      await replayFinalized(height);
      const set = application.validatorsOf(epochAfter(tip, genesis.epochLength));
      const restored = initialState({ self, epochLength: genesis.epochLength, set, tip });
      restore(restored, await journal.replay());
      if (stopped) return;
      state = restored;
      network.listen("consensus", (peer, bytes) =>
        dispatch({ type: "received", from: peer, message: decodeMessage(bytes) }),
      );
      network.listen("sync", onSyncMessage);
      network.onConnect((peer) => dispatch({ type: "connected", peer }));
      log({ event: "started", epoch: state.epoch, view: state.view, height });
      dispatch({ type: "started" });
    },
    stop: async () => {
      quiesce();
      await finalizing.catch(() => {});
    },
    workArrived: () => dispatch({ type: "workArrived" }),
    status: () =>
      state === undefined
        ? {
            epoch: 0 as Epoch,
            view: 0 as View,
            leader: 0 as ValidatorIndex,
            height: asHeight(0),
            nullifiedViews: 0,
            equivocations: 0,
          }
        : {
            epoch: state.epoch,
            view: state.view,
            leader: leaderAt(state, state.view),
            height: state.floor.block.header.height,
            nullifiedViews: state.nullifiedViews,
            equivocations: state.equivocations,
          },
    finalizedBlock: (height) => journal.block(height),
    halted,
  };
};
