/**
 * From legs to a bundle that is executed all or none, one step after the other; each has only what can come next:
 *
 *     draft → prepared (its id is fixed) → signed (by every leg's wallet) → approved (by the sponsor) → sent
 */
import {
  Bundle,
  type BundleFee,
  bundleId,
  bundleIdBytes,
  bundleRates,
  legCharge,
  sponsorDigest,
  withId,
} from "../protocol/bundle.ts";
import { equalBytes, toHex } from "../protocol/bytes.ts";
import { LockstepError, type Result } from "../protocol/errors.ts";
import type { Vm } from "../protocol/genesis.ts";
import { asBundleId, asHeight, type BundleId, type Domain, type Height, type Root } from "../protocol/ids.ts";
import {
  type BundleSimulationWire,
  type BundleWire,
  ControlWire,
  GenesisWire,
  BundleSimulationWire as SimulationShape,
  BundleWire as StatusShape,
  StatusWire,
  SubmittedBundleWire,
  TenantsWire,
} from "../protocol/wire.ts";
import { createHttp, type Http } from "./http.ts";
import type { LegDraft, PreparedLeg } from "./leg.ts";
import type { SponsorSigner } from "./sponsor.ts";
import { signWithdrawal, type WithdrawalRequest } from "./withdrawal.ts";

export type BundleOptions = {
  /** In the order of their execution; of at least two tenants. */
  legs: readonly LegDraft[];
  sponsor: SponsorSigner;
  /** Heights from now in which it may be executed. */
  heights?: number;
  /** Of the sponsor's bundles that may still be executed, one with this nonce is; random where it is not given. */
  nonce?: number;
};

export type PreparedBundle = {
  readonly id: BundleId;
  readonly notAfter: Height;
  /** The most that the sponsor will pay. */
  readonly fee: readonly BundleFee[];
  /** Asks every leg's wallet for its signature. */
  sign(): Promise<SignedBundle>;
};

export type SignedBundle = {
  readonly id: BundleId;
  /** Executes it without effect. @throws LockstepError what the node refuses with */
  simulate(): Promise<BundleSimulationWire>;
  /** Has the sponsor sign for what it costs. */
  approve(): Promise<ApprovedBundle>;
};

export type ApprovedBundle = {
  readonly id: BundleId;
  /** Its encoding, as it is sent. */
  readonly bytes: Uint8Array;
  /** @throws LockstepError what the node refuses with */
  send(): Promise<SentBundle>;
};

export type SentBundle = {
  readonly id: BundleId;
  status(): Promise<BundleWire | undefined>;
  /** Resolves once it has come to its end, whichever. */
  settled(): Promise<BundleWire>;
  /** The same, and the height that executed it is certified. */
  certified(): Promise<BundleWire>;
};

export type Lockstep = {
  /** Settles nonces and fees of the legs, and with them the bundle's id. */
  prepare(options: BundleOptions): Promise<PreparedBundle>;
  /** A bundle that was sent before. */
  bundle(id: BundleId): SentBundle;
  /** Asks for deposits back; gives the id of the control transaction. @throws LockstepError what the node refuses with */
  withdraw(request: Omit<WithdrawalRequest, "nonce"> & { nonce?: number }): Promise<Root>;
};

const usualHeights = 256;
const pollMs = 100;

const unwrap = <T>(result: Result<T>): T => {
  if (result.ok) return result.value;
  const { code, message, ...fields } = result.error;
  throw new LockstepError(code, message, fields);
};

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pollMs));

/** Stands for the id until there is one: nothing else in a leg is like it. */
const placeholder = (): BundleId => {
  const id = crypto.getRandomValues(new Uint8Array(bundleIdBytes));
  id[0] = 0;
  return asBundleId(id);
};

const placesOf = (bytes: Uint8Array, id: BundleId): number[] => {
  const places: number[] = [];
  for (let at = 0; at + bundleIdBytes <= bytes.length; at++) {
    if (equalBytes(bytes.subarray(at, at + bundleIdBytes), id)) places.push(at);
  }
  return places;
};

type PlacedLeg = { leg: PreparedLeg; unsigned: Uint8Array; idOffsets: number[] };

const placeId = (leg: PreparedLeg): PlacedLeg => {
  const id = placeholder();
  const unsigned = leg.unsigned(id);
  return { leg, unsigned, idOffsets: placesOf(unsigned, id) };
};

/** The leg's wallet must sign what the id was made of. */
const checkPlaced = ({ leg, unsigned, idOffsets }: PlacedLeg, id: BundleId): void => {
  if (equalBytes(leg.unsigned(id), withId(unsigned, idOffsets, id))) return;
  throw new LockstepError("bundle_leg", `the leg on domain ${leg.domain} changes with its bundle's id elsewhere too`);
};

/** What undoing the bundle may cost, domain by domain. */
const feeOf = (legs: readonly PreparedLeg[], vmOf: (domain: Domain) => Vm | undefined): BundleFee[] => {
  const domains = [...new Set(legs.map(({ domain }) => domain))].sort((a, b) => a - b);
  return domains.map((domain) => {
    const vm = vmOf(domain);
    const rate = vm && bundleRates[vm];
    if (rate === undefined) throw new LockstepError("bundle_leg", `domain ${domain} takes no part in bundles`);
    const own = legs.filter((leg) => leg.domain === domain);
    return { domain, amount: own.reduce((sum, { gas }) => sum + legCharge(rate, gas), 0n) };
  });
};

const randomNonce = (): number => {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high % 2 ** 20) * 2 ** 32 + low;
};

const isOver = ({ status }: BundleWire): boolean => status !== "pending" && status !== "ordered";

const sentBundle = (http: Http, id: BundleId): SentBundle => {
  const status = async (): Promise<BundleWire | undefined> => {
    const found = await http.get(`/v1/bundles/${toHex(id)}`, StatusShape);
    if (!found.ok && found.error.code === "not_found") return undefined;
    return unwrap(found);
  };
  const settled = async (): Promise<BundleWire> => {
    for (;;) {
      const found = await status();
      if (found !== undefined && isOver(found)) return found;
      await pause();
    }
  };
  return {
    id,
    status,
    settled,
    certified: async () => {
      const over = await settled();
      for (;;) {
        const { certified } = unwrap(await http.get("/v1/status", StatusWire));
        if (over.height === undefined || certified >= over.height) return over;
        await pause();
      }
    },
  };
};

const approvedBundle = (http: Http, id: BundleId, bundle: Bundle): ApprovedBundle => {
  const bytes = Bundle.encode(bundle);
  return {
    id,
    bytes,
    send: async () => sentBundle(http, unwrap(await http.post("/v1/bundles", "bundle", bytes, SubmittedBundleWire)).id),
  };
};

const signedBundle = (http: Http, id: BundleId, bundle: Bundle, sponsor: SponsorSigner): SignedBundle => ({
  id,
  simulate: async () =>
    unwrap(await http.post("/v1/bundles/simulate", "bundle", Bundle.encode(bundle), SimulationShape)),
  approve: async () => {
    const signature = await sponsor.sign(sponsorDigest(id, bundle));
    return approvedBundle(http, id, { ...bundle, signature });
  },
});

const prepareBundle = async (
  http: Http,
  genesis: Root,
  { legs: drafts, sponsor, heights = usualHeights, nonce = randomNonce() }: BundleOptions,
): Promise<PreparedBundle> => {
  const [status, tenants] = await Promise.all([
    http.get("/v1/status", StatusWire),
    http.get("/v1/tenants", TenantsWire),
  ]);
  const vms = new Map(unwrap(tenants).map(({ domain, vm }) => [domain, vm]));
  const legs = await Promise.all(drafts.map((draft) => draft.prepare()));
  const placed = legs.map(placeId);
  const notAfter = asHeight(unwrap(status).finalized + heights);
  const body = {
    ...{ genesis, sponsor: sponsor.sponsor, nonce, notAfter },
    legs: placed.map(({ leg, unsigned, idOffsets }) => ({ domain: leg.domain, unsigned, idOffsets })),
  };
  const id = bundleId(body);
  for (const leg of placed) checkPlaced(leg, id);
  const fee = feeOf(legs, (domain) => vms.get(domain));
  return {
    id,
    notAfter,
    fee,
    sign: async () => {
      const signed: Bundle["legs"] = [];
      // One wallet after the other: each may ask somebody.
      for (const { leg, idOffsets } of placed) {
        signed.push({ domain: leg.domain, transaction: await leg.sign(id), idOffsets });
      }
      const unapproved = { sponsor: sponsor.sponsor, nonce, notAfter, fee, fills: [], signature: new Uint8Array(64) };
      return signedBundle(http, id, { legs: signed, ...unapproved }, sponsor);
    },
  };
};

const withdraw = async (http: Http, genesis: Root, request: Parameters<Lockstep["withdraw"]>[0]): Promise<Root> => {
  const { finalized } = unwrap(await http.get("/v1/status", StatusWire));
  const nonce = request.nonce ?? randomNonce();
  const bytes = await signWithdrawal(genesis, { ...request, nonce }, asHeight(finalized + usualHeights));
  return unwrap(await http.post("/v1/control", "transaction", bytes, ControlWire)).id;
};

/** @param url of a node's API, such as `http://127.0.0.1:7300` */
export const connect = async (url: string): Promise<Lockstep> => {
  const http = createHttp(url);
  const { root } = unwrap(await http.get("/v1/genesis", GenesisWire));
  return {
    prepare: (options) => prepareBundle(http, root, options),
    bundle: (id) => sentBundle(http, id),
    withdraw: (request) => withdraw(http, root, request),
  };
};
