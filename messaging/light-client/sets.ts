/** Validator sets: from a trusted root, one finalized block an epoch. */
import type { BlsVerifier } from "../../consensus/certificate/bls.ts";
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import { failure, success } from "../../protocol/errors.ts";
import type { Genesis } from "../../protocol/genesis.ts";
import type { Epoch, Root } from "../../protocol/ids.ts";
import { ValidatorSet } from "../../protocol/validators.ts";
import { decodeWire, EpochWire, GenesisWire } from "../../protocol/wire.ts";
import { refuteTransition } from "./block.ts";
import { lightClientLimits as limits } from "./limits.ts";
import { type Proof, refused } from "./refusal.ts";
import type { Transport } from "./transport.ts";

export type TrustedSets = {
  /** The genesis that the trusted root commits to. */
  genesis(): Promise<Proof<Genesis>>;
  /** The set of an epoch not before that of the trusted root. */
  of(epoch: Epoch): Promise<Proof<ValidatorSet>>;
  /** The newest set that the API shows. */
  newest(): Promise<Proof<ValidatorSet>>;
};

export const createTrustedSets = (api: Transport, verifier: BlsVerifier, trustedRoot: Root): TrustedSets => {
  let known: { genesis: Genesis; first: number; sets: ValidatorSet[] } | undefined;
  /** Answers from the way back to the trusted root, for the way forward; nothing in them is proven yet. */
  const passed = new Map<number, EpochWire>();

  const epochInfo = async (epoch: number | "latest"): Promise<Proof<EpochWire>> => {
    const answer = await api.get(`/v1/epochs/${epoch}`);
    if (!answer.ok) return answer;
    const info = decodeWire(EpochWire, answer.value);
    if (info.ok && epoch !== "latest" && info.value.set.epoch !== epoch) {
      return failure("wrong_epoch", `asked for epoch ${epoch}, the answer is of epoch ${info.value.set.epoch}`);
    }
    return info;
  };

  const findTrusted = async (): Promise<Proof<EpochWire>> => {
    let info = await epochInfo("latest");
    for (let back = 0; info.ok && back < limits.epochs; back++) {
      const { set } = info.value;
      if (equalBytes(ValidatorSet.root(set), trustedRoot)) return info;
      if (set.epoch === 0) break;
      if (back > 0) passed.set(set.epoch, info.value);
      info = await epochInfo(set.epoch - 1);
    }
    if (!info.ok) return info;
    const root = toHex(trustedRoot);
    return failure(
      "unknown_root",
      `no validator set that this API shows has the trusted root ${root}: either is wrong`,
    );
  };

  const genesisOf = async (root: Root): Promise<Proof<Genesis>> => {
    const answer = await api.get("/v1/genesis");
    if (!answer.ok) return answer;
    const decoded = decodeWire(GenesisWire, answer.value);
    if (!decoded.ok) return decoded;
    return equalBytes(decoded.value.root, root)
      ? success(decoded.value.genesis)
      : failure("wrong_genesis", "the API shows another genesis than that of the trusted validators");
  };

  const start = async (): Promise<Proof<NonNullable<typeof known>>> => {
    if (known) return success(known);
    const trusted = await findTrusted();
    if (!trusted.ok) return trusted;
    const { set } = trusted.value;
    const genesis = await genesisOf(set.genesis);
    if (!genesis.ok) return genesis;
    known ??= { genesis: genesis.value, first: set.epoch, sets: [set] };
    return success(known);
  };

  const follow = async (epoch: number): Promise<Proof<ValidatorSet>> => {
    const started = await start();
    if (!started.ok) return started;
    const { genesis, first, sets } = started.value;
    if (epoch < first) {
      const message = `epoch ${epoch} is before epoch ${first} of the trusted root: trust the root of an older epoch to check it`;
      return failure("before_trusted_epoch", message);
    }
    for (let at = first + sets.length; at <= epoch; at = first + sets.length) {
      const seen = passed.get(at);
      passed.delete(at);
      const next = seen === undefined ? await epochInfo(at) : success(seen);
      if (!next.ok) return next;
      const { set, transition } = next.value;
      if (transition === undefined)
        return failure("malformed_answer", `the answer for epoch ${at} lacks the block that names it`);
      const refuted = await refuteTransition(
        verifier,
        sets[at - 1 - first] as ValidatorSet,
        genesis.epochLength,
        transition,
        set,
      );
      if (refuted) return refused(refuted);
      if (first + sets.length === at) sets.push(set);
    }
    return success(sets[epoch - first] as ValidatorSet);
  };

  return {
    genesis: async () => {
      const started = await start();
      return started.ok ? success(started.value.genesis) : started;
    },
    of: follow,
    newest: async () => {
      const latest = await epochInfo("latest");
      if (!latest.ok) return latest;
      const set = await follow(latest.value.set.epoch);
      if (!set.ok) return set;
      return equalBytes(ValidatorSet.root(set.value), latest.value.root)
        ? set
        : failure("wrong_set", `the API shows two validator sets for epoch ${latest.value.set.epoch}`);
    },
  };
};
