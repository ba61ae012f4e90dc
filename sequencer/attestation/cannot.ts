/**
 * Who can't execute which tenant. A validator that quarantines one says so, signed, as long as that lasts; its
 * first attestation to the height takes it back. Nothing depends on it: it is for those who run the validators.
 */
import type { Bls, BlsSigner } from "../../consensus/certificate/bls.ts";
import { Cannot, cannotContext } from "../../protocol/cannot.ts";
import { epochAt } from "../../protocol/genesis.ts";
import {
  asEpoch,
  type Domain,
  type Height,
  type Revision,
  type Root,
  type ValidatorIndex,
} from "../../protocol/ids.ts";
import type { Network, Runtime } from "../../protocol/ports.ts";
import { signingRoot } from "../../protocol/signing.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import { tagged } from "../message.ts";
import { attestationLimits } from "./limits.ts";
import { attestationTags } from "./messages.ts";

export type CannotBoard = {
  /** Tells all, now and again, which tenants this node can't execute, and from which height on. */
  publish(own: ReadonlyMap<Domain, Height>): void;
  /** Takes what a peer says. Throws on what no honest peer sends. */
  receive(from: ValidatorIndex, body: Uint8Array): void;
  /** A validator attested to a height, so it executed all tenants up to there. */
  attested(signer: ValidatorIndex, height: Height): void;
  /** The newest word of each validator on each tenant, this node's own included. */
  all(): Cannot[];
  stop(): void;
};

export type CannotOptions = {
  genesis: Root;
  epochLength: number;
  self: ValidatorIndex;
  signer: BlsSigner;
  bls: Bls;
  network: Network;
  runtime: Runtime;
  /** As this node follows them at the time: a tenant may come any time. */
  tenants: { has(domain: Domain): boolean };
  /** Under which a height is executed. */
  revisionAt(height: Height): Revision;
  validatorsOf(epoch: number): ValidatorSet;
  /** Newest finalized height. */
  finalized(): Height;
  fatal(error: unknown): void;
};

const message = (cannot: Cannot): Uint8Array => tagged(attestationTags.cannot, Cannot.encode(cannot));

/** One place for each validator and tenant, so what peers say is bounded by their number. */
const placeOf = ({ signer, domain }: Pick<Cannot, "signer" | "domain">): string => `${signer}/${domain}`;

export const createCannotBoard = (options: CannotOptions): CannotBoard => {
  const { genesis, epochLength, self, signer, bls, network, runtime } = options;
  const others = new Map<string, Cannot>();
  /** Places of which a signature is being checked; what else is said of them meanwhile will be said again. */
  const checking = new Set<string>();
  let own: Cannot[] = [];
  let isStopped = false;

  const sign = (domain: Domain, height: Height): Cannot => {
    const statement = {
      epoch: asEpoch(epochAt(height, epochLength)),
      height,
      revision: options.revisionAt(height),
      domain,
    };
    return { ...statement, signer: self, signature: signer.sign(signingRoot(cannotContext(genesis, statement))) };
  };

  const check = async (cannot: Cannot): Promise<void> => {
    const key = options.validatorsOf(cannot.epoch).members[cannot.signer]?.publicKey;
    const root = signingRoot(cannotContext(genesis, cannot));
    const isValid = key !== undefined && (await bls.verify(key, root, cannot.signature));
    if (isValid) others.set(placeOf(cannot), cannot);
    else network.penalize(cannot.signer, "a word about execution whose signature is not its signer's");
  };

  const tell = (): void => {
    for (const cannot of own) network.broadcast("attestation", message(cannot));
  };
  const tellAgain = (): void => {
    if (isStopped) return;
    tell();
    cancel = runtime.after(attestationLimits.cannotMs, tellAgain);
  };
  let cancel = runtime.after(attestationLimits.cannotMs, tellAgain);

  return {
    publish: (heights) => {
      own = [...heights].map(([domain, height]) => sign(domain, height));
      if (!isStopped) tell();
    },
    receive: (from, body) => {
      const cannot = Cannot.decode(body);
      if (cannot.signer !== from) throw new Error("a word about execution in another validator's name");
      if (cannot.epoch !== epochAt(cannot.height, epochLength)) throw new Error("another epoch's height");
      const place = placeOf(cannot);
      const isFar = cannot.height > options.finalized() + attestationLimits.cannotHeights;
      const isKnown = others.get(place)?.height === cannot.height;
      if (isStopped || isFar || isKnown || checking.has(place) || !options.tenants.has(cannot.domain)) return;
      checking.add(place);
      check(cannot)
        .finally(() => checking.delete(place))
        .catch(options.fatal);
    },
    attested: (index, height) => {
      for (const [place, cannot] of others) {
        if (cannot.signer === index && cannot.height <= height) others.delete(place);
      }
    },
    all: () => [...own, ...others.values()].sort((a, b) => a.domain - b.domain || a.signer - b.signer),
    stop: () => {
      isStopped = true;
      cancel();
    },
  };
};
