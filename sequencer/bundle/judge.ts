/** Whether a bundle can be one at all, whatever the state: its identity, its markers, and its sponsor's signature. */
import { createPublicKey, verify } from "node:crypto";
import { type Bundle, bundleId, hasIdAt, type LegFacts, type ReadLeg, sponsorDigest } from "../../protocol/bundle.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import type { BundleId, Domain, Root, Sponsor } from "../../protocol/ids.ts";

export const bundleRefusals = [
  "bundle_undecodable",
  "bundle_oversized",
  "bundle_one_domain",
  "bundle_leg",
  "bundle_marker",
  "bundle_fee",
  "bundle_fills",
  "bundle_signature",
  "bundle_expired",
  "bundle_too_far",
  "bundle_duplicate",
  "bundle_unfunded",
] as const;
export type BundleRefusal = (typeof bundleRefusals)[number];

/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410), before its 32 bytes. */
const keyPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** Ed25519. */
export const isSignedBy = (sponsor: Sponsor, digest: Root, signature: Uint8Array): boolean => {
  try {
    const key = createPublicKey({ key: Buffer.concat([keyPrefix, sponsor]), format: "der", type: "spki" });
    return verify(null, digest, key, signature);
  } catch {
    return false;
  }
};

/** The tenants at which a bundle has legs, in order of domain. */
export const domainsOf = ({ legs }: Pick<Bundle, "legs">): Domain[] =>
  [...new Set(legs.map(({ domain }) => domain))].sort((a, b) => a - b);

const readLegs = (
  bundle: Bundle,
  readLeg: (domain: Domain) => ReadLeg | undefined,
): Result<LegFacts[], BundleRefusal> => {
  const facts: LegFacts[] = [];
  for (const [leg, { domain, transaction }] of bundle.legs.entries()) {
    const read = readLeg(domain)?.(transaction);
    if (read === undefined) {
      return failure("bundle_leg", `no transaction of domain ${domain} can be a leg`, { leg });
    }
    if (!read.ok) return failure("bundle_leg", read.error.message, { leg, refusal: read.error.code });
    facts.push(read.value);
  }
  return success(facts);
};

/**
 * The bundle's id, from what its legs' signers signed; or why nobody can have signed this bundle. The sponsor's own
 * signature is not looked at.
 */
export const identify = (
  genesis: Root,
  bundle: Bundle,
  readLeg: (domain: Domain) => ReadLeg | undefined,
): Result<BundleId, BundleRefusal> => {
  const { sponsor, nonce, notAfter } = bundle;
  const domains = domainsOf(bundle);
  if (domains.length < 2) return failure("bundle_one_domain", "a bundle has legs of at least two domains");
  const isPriced = bundle.fee.length === domains.length && bundle.fee.every(({ domain }, i) => domain === domains[i]);
  if (!isPriced) return failure("bundle_fee", "a bundle's fee has an amount for each domain of its legs, in order");
  if (bundle.fills.length > 0) return failure("bundle_fills", "this network fills no orders yet: leave out fills");
  const read = readLegs(bundle, readLeg);
  if (!read.ok) return read;
  const legs = read.value.map(({ unsigned }, i) => {
    const { domain, idOffsets } = bundle.legs[i] as Bundle["legs"][number];
    return { domain, unsigned, idOffsets };
  });
  const id = bundleId({ genesis, sponsor, nonce, notAfter, legs });
  for (const [leg, { unsigned, idOffsets }] of legs.entries()) {
    const isMarked = idOffsets.includes((read.value[leg] as LegFacts).marker) && hasIdAt(unsigned, idOffsets, id);
    if (isMarked) continue;
    const message = `leg ${leg} does not carry the bundle's id at its offsets, one of them its marker's: was it signed for another bundle?`;
    return failure("bundle_marker", message, { leg });
  }
  return success(id);
};

/** The same, and the sponsor's signature must hold. */
export const judgeBundle = (
  genesis: Root,
  bundle: Bundle,
  readLeg: (domain: Domain) => ReadLeg | undefined,
): Result<BundleId, BundleRefusal> => {
  const identified = identify(genesis, bundle, readLeg);
  if (!identified.ok) return identified;
  const id = identified.value;
  if (isSignedBy(bundle.sponsor, sponsorDigest(id, bundle), bundle.signature)) return identified;
  return failure("bundle_signature", "the sponsor's signature under the bundle does not hold");
};
