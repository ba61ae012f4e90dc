/** What consensus asks of the application whose headers it orders, and what it tells it. */
import type { Certificate } from "../protocol/certificate.ts";
import type { Header, Proposal } from "../protocol/header.ts";
import type { Root } from "../protocol/ids.ts";
import type { ValidatorSet } from "../protocol/validators.ts";

/** A header with its root, computed once. */
export type KnownHeader = { readonly header: Header; readonly root: Root };

/** A finalized header and the certificate under it. */
export type FinalizedBlock = KnownHeader & {
  readonly proposal: Proposal;
  /**
   * `finalize`: the set finalized this very proposal. `notarize`: it notarized it, and a later
   * finalized block descends from it.
   */
  readonly kind: "notarize" | "finalize";
  readonly certificate: Certificate;
};

/** Finds a header above the newest finalized one that consensus holds, by its root. */
export type HeaderLookup = (root: Root) => KnownHeader | undefined;

export type Application = {
  /**
   * Assembles a header on top of `parent`, from what this validator holds now; consensus asks only
   * the leader of a view. `ancestors` finds the unfinalized headers below `parent`.
   */
  propose(parent: KnownHeader, ancestors: HeaderLookup): Promise<Header>;
  /**
   * Whether this validator votes for `block`. Resolves `false` when the block is invalid for good,
   * `true` once it is valid and all its batches are held on a synced disk; stays pending as long as
   * that may still change. `signal` fires when the answer is no longer wanted.
   */
  validate(block: KnownHeader, parent: KnownHeader, ancestors: HeaderLookup, signal: AbortSignal): Promise<boolean>;
  /** In order of height, each once per start, after the block and its certificate are on disk. */
  finalized(block: FinalizedBlock): void;
  /** Whether this validator holds work that a block on top of `parent` should take: starts leader timers. */
  hasWork(parent: KnownHeader): boolean;
  /** The set that votes in an epoch; known once the previous epoch's last block is finalized. */
  validatorsOf(epoch: number): ValidatorSet;
};
