/**
 * What a node's HTTP API answers, as codecs: `z.encode` at the server, `decodeWire` at a client. An
 * object arrives exactly as it was signed. Where an answer names a root or leaves beside the object
 * they are of, decoding computes them and refuses others.
 */
import * as z from "zod";
import { transactionId } from "./batch.ts";
import { equalBytes, type Hex } from "./bytes.ts";
import { Certificate } from "./certificate.ts";
import { failure, type Result, success } from "./errors.ts";
import { Genesis, type Vm, vms } from "./genesis.ts";
import { Certified, Header, Proposal } from "./header.ts";
import type { BundleId, Domain, Epoch, Height, Revision, Root, ValidatorIndex } from "./ids.ts";
import { Inputs } from "./inputs.ts";
import { amountJson, bytesJson, integer, publicKeyJson, rootJson, sszJson } from "./json.ts";
import { limits } from "./limits.ts";
import { OrderingTenant } from "./ordering.ts";
import { PayloadEntry } from "./payload.ts";
import type { SszObject } from "./ssz.ts";
import { Summary, type TenantStatusName, tenantStatuses } from "./summary.ts";
import { Registration } from "./tenant.ts";
import { ValidatorSet } from "./validators.ts";

const headerJson = sszJson(Header);
const summaryJson = sszJson(Summary);

const domainJson = integer<Domain>(2 ** 32 - 1);
const heightJson = integer<Height>();
const nativeIdJson = z.string().regex(/^0x(?:[0-9a-f]{2})+$/) as unknown as z.ZodType<Hex>;

/** A shape whose decoding also refuses values that `fault` finds something wrong with. */
const checked = <S extends z.ZodType>(shape: S, fault: (value: z.output<S>) => string | undefined) =>
  z.codec(shape, z.custom<z.output<S>>(), {
    decode: (value, context) => {
      const message = fault(value);
      if (message === undefined) return value;
      context.issues.push({ code: "custom", input: value, message });
      return z.NEVER;
    },
    encode: (value) => value,
  });

/** An object under `key` and its root under `root`. */
const otherRoot = <T>(object: SszObject<T>, value: T, root: Root): string | undefined =>
  equalBytes(object.root(value), root) ? undefined : `its root isn't that of its ${object.name}`;

export const GenesisWire = checked(z.strictObject({ genesis: sszJson(Genesis), root: rootJson }), (answer) =>
  otherRoot(Genesis, answer.genesis, answer.root),
);

/** A finalized block: header, its root, the proposal that was voted for, and the certificate under it. */
export const BlockWire = checked(
  z.strictObject({
    header: headerJson,
    root: rootJson,
    proposal: sszJson(Proposal),
    kind: z.enum(["notarize", "finalize"]),
    certificate: sszJson(Certificate),
  }),
  ({ header, root }) => otherRoot(Header, header, root),
);

const witnessJson = z.strictObject({
  index: integer(limits.tenants - 1),
  entry: sszJson(PayloadEntry),
  branch: z.array(rootJson).max(64),
});

export const SliceProofWire = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("present"), witness: witnessJson }),
  z.strictObject({
    kind: z.literal("absent"),
    before: z.exactOptional(witnessJson),
    after: z.exactOptional(witnessJson),
  }),
]);

/** What was ordered for a tenant at a height and its leaves (`sha256` of each entry); `inputs` once it is executed. */
export const SliceWire = checked(
  z.strictObject({
    block: BlockWire,
    domain: domainJson,
    entries: z.array(bytesJson(limits.transactionBytes)).max(limits.sliceEntries),
    leaves: z.array(rootJson).max(limits.sliceEntries),
    proof: SliceProofWire,
    inputs: z.exactOptional(sszJson(Inputs)),
  }),
  ({ entries, leaves }) =>
    entries.length === leaves.length &&
    entries.every((entry, index) => equalBytes(transactionId(entry), leaves[index] as Root))
      ? undefined
      : "its leaves aren't the sha256 of its entries",
);

export const SummaryWire = checked(z.strictObject({ summary: summaryJson, root: rootJson }), ({ summary, root }) =>
  otherRoot(Summary, summary, root),
);

/** The newest execution certificate: the finalized block that carries it, and the summary under it. */
export const FinalCertificateWire = z.strictObject({
  carrier: BlockWire,
  certified: sszJson(Certified),
  summary: summaryJson,
});

/** A validator set; above epoch 0 with the finalized last block of the epoch before, which names it. */
export const EpochWire = checked(
  z.strictObject({ set: sszJson(ValidatorSet), root: rootJson, transition: z.exactOptional(BlockWire) }),
  ({ set, root }) => otherRoot(ValidatorSet, set, root),
);

const tenantInfo = {
  domain: domainJson,
  name: z.string(),
  vm: z.enum(Object.keys(vms) as Vm[]),
  status: z.enum(Object.keys(tenantStatuses) as TenantStatusName[]),
  rpc: z.exactOptional(z.string()),
  ws: z.exactOptional(z.string()),
};

/** What a node says of itself; nothing here is proven. */
export const StatusWire = z.strictObject({
  genesis: rootJson,
  index: integer<ValidatorIndex>(),
  epoch: integer<Epoch>(),
  view: integer(),
  nullifiedViews: integer(),
  finalized: heightJson,
  executed: heightJson,
  certified: heightJson,
  /** Of the ordering state: how many recoveries there were. */
  revision: integer<Revision>(),
  peers: z.array(integer<ValidatorIndex>()),
  mempool: z.strictObject({ transactions: integer(), bytes: integer() }),
  tenants: z.array(
    z.strictObject({
      ...tenantInfo,
      executed: z.exactOptional(heightJson),
      quarantine: z.exactOptional(z.strictObject({ height: heightJson, reason: z.string() })),
    }),
  ),
  cannot: z.array(z.strictObject({ validator: integer<ValidatorIndex>(), domain: domainJson, height: heightJson })),
});

/** Tenants as the node's newest ordering state has them; nothing here is proven. */
export const TenantsWire = z.array(
  z.strictObject({
    ...tenantInfo,
    owner: publicKeyJson,
    writers: z.array(z.string()).max(limits.tenantWriters),
    budget: z.strictObject({
      gas: z.strictObject({ rate: integer(), burst: integer(), largest: integer() }),
      bytes: z.strictObject({ rate: integer(), burst: integer() }),
    }),
    /** As registered. */
    port: integer(),
    /** Of the last change of its status: the next one has one more. */
    sequence: integer(),
    /** Validators that run the engine of a tenant that is registered only. */
    ready: z.exactOptional(integer()),
    activatedAt: z.exactOptional(heightJson),
    /** What the next block may take, before what accrues until then. */
    capacity: z.strictObject({ gas: integer(), bytes: integer() }),
  }),
);

/**
 * A finalized block, a tenant of the ordering state that its header commits to (the one after the block's parent),
 * the branch from there to the header's `controlRoot`, and what the tenant was registered with.
 */
export const TenantProofWire = z.strictObject({
  block: BlockWire,
  index: integer(limits.tenants - 1),
  tenant: sszJson(OrderingTenant),
  branch: z.array(rootJson).max(64),
  registration: sszJson(Registration),
});

/** Where a transaction stands, as this node sees it. */
export const TransactionWire = z.strictObject({
  id: rootJson,
  domain: domainJson,
  nativeId: z.exactOptional(nativeIdJson),
  status: z.enum(["pending", "ordered", "executed", "omitted", "replaced", "expired", "evicted"]),
  height: z.exactOptional(heightJson),
  index: z.exactOptional(integer()),
  succeeded: z.exactOptional(z.boolean()),
  reason: z.exactOptional(z.string()),
});

export const ErrorWire = z.looseObject({ code: z.string(), message: z.string() });

/** One answer for each submitted transaction, in their order. */
export const SubmissionWire = z.array(
  z.union([z.strictObject({ error: ErrorWire }), z.strictObject({ id: rootJson, nativeId: nativeIdJson })]),
);

/** Body of a submission in JSON. */
export const SubmissionRequestWire = z.strictObject({
  domain: domainJson,
  transactions: z.array(z.string()).min(1).max(limits.batchTransactions),
});

/** Body that brings one control transaction, in JSON. */
export const ControlRequestWire = z.strictObject({ transaction: bytesJson(limits.transactionBytes) });

/** The id of an acknowledged control transaction. */
export const ControlWire = z.strictObject({ id: rootJson });

/** Body that brings one bundle, in JSON. */
export const BundleRequestWire = z.strictObject({ bundle: bytesJson(limits.bundleBytes) });

const bundleIdJson = rootJson as unknown as z.ZodType<BundleId>;
const chargesJson = z.array(z.strictObject({ domain: domainJson, amount: amountJson }));

/** The id of an acknowledged bundle. */
export const SubmittedBundleWire = z.strictObject({ id: bundleIdJson });

/** Where a bundle stands. */
export const BundleWire = z.strictObject({
  id: bundleIdJson,
  status: z.enum(["pending", "ordered", "committed", "aborted", "skipped", "expired", "evicted"]),
  height: z.exactOptional(heightJson),
  legs: z.array(z.strictObject({ domain: domainJson, id: rootJson, nativeId: z.exactOptional(nativeIdJson) })),
  index: z.exactOptional(integer()),
  reason: z.exactOptional(z.string()),
  failedLeg: z.exactOptional(integer()),
  failure: z.exactOptional(z.string()),
  charged: chargesJson,
});

const messageKeyJson = {
  origin: domainJson,
  sender: bytesJson(32),
  destination: domainJson,
  recipient: bytesJson(32),
  index: integer(2 ** 32 - 1),
};

/** What a bundle would come to; a leg that was executed has its gas, and one that was left out why. */
export const BundleSimulationWire = z.strictObject({
  id: bundleIdJson,
  committed: z.boolean(),
  failure: z.exactOptional(z.strictObject({ code: z.string(), leg: z.exactOptional(integer()), message: z.string() })),
  legs: z.array(
    z.strictObject({
      succeeded: z.boolean(),
      nativeId: z.exactOptional(nativeIdJson),
      gas: z.exactOptional(integer()),
      gasUsed: z.exactOptional(integer()),
      fee: amountJson,
      reason: z.exactOptional(z.string()),
      logs: z.array(z.unknown()),
      sent: z.array(z.strictObject({ ...messageKeyJson, body: bytesJson(limits.syncBodyBytes) })),
      consumed: z.array(z.strictObject(messageKeyJson)),
    }),
  ),
  charged: chargesJson,
});

/** What a sponsor has at each tenant, how much of that it can withdraw, and the withdrawals that are to be paid. */
export const SponsorWire = z.strictObject({
  sponsor: bytesJson(32),
  balances: z.array(z.strictObject({ domain: domainJson, amount: amountJson, deposited: amountJson })),
  withdrawals: z.array(
    z.strictObject({ domain: domainJson, amount: amountJson, recipient: bytesJson(32), due: heightJson }),
  ),
});

export const topics = ["finalized", "executed", "certified", "tenant"] as const;
export type Topic = (typeof topics)[number];

/** What comes over the stream. */
export const EventWire = z.discriminatedUnion("topic", [
  z.strictObject({ topic: z.literal("finalized"), block: BlockWire }),
  z.strictObject({ topic: z.literal("executed"), summary: summaryJson, root: rootJson }),
  z.strictObject({ topic: z.literal("certified"), height: heightJson, carrier: heightJson }),
  z.strictObject({
    topic: z.literal("tenant"),
    domain: domainJson,
    height: heightJson,
    number: integer(),
    timestampMs: integer(),
    blockHash: rootJson,
    stateRoot: rootJson,
    gasUsed: integer(),
    transactions: z.array(z.strictObject({ id: rootJson, nativeId: nativeIdJson, succeeded: z.boolean() })),
  }),
]);

export type BlockWire = z.output<typeof BlockWire>;
export type SliceWire = z.output<typeof SliceWire>;
export type FinalCertificateWire = z.output<typeof FinalCertificateWire>;
export type EpochWire = z.output<typeof EpochWire>;
export type StatusWire = z.output<typeof StatusWire>;
export type TenantsWire = z.output<typeof TenantsWire>;
export type TenantProofWire = z.output<typeof TenantProofWire>;
export type TransactionWire = z.output<typeof TransactionWire>;
export type BundleWire = z.output<typeof BundleWire>;
export type BundleSimulationWire = z.output<typeof BundleSimulationWire>;
export type EventWire = z.output<typeof EventWire>;

/** All of them, by the name each has in the API's description. */
export const wires = {
  Genesis: GenesisWire,
  Block: BlockWire,
  Slice: SliceWire,
  Summary: SummaryWire,
  FinalCertificate: FinalCertificateWire,
  Epoch: EpochWire,
  Status: StatusWire,
  Tenants: TenantsWire,
  TenantProof: TenantProofWire,
  Transaction: TransactionWire,
  Submission: SubmissionWire,
  SubmissionRequest: SubmissionRequestWire,
  Control: ControlWire,
  ControlRequest: ControlRequestWire,
  Bundle: BundleWire,
  BundleRequest: BundleRequestWire,
  SubmittedBundle: SubmittedBundleWire,
  BundleSimulation: BundleSimulationWire,
  Sponsor: SponsorWire,
  Event: EventWire,
} as const;

/** Decodes an answer strictly: unknown fields, other spellings of a number and wrong roots are refused. */
export const decodeWire = <T>(wire: z.ZodType<T>, json: unknown): Result<T, "malformed_answer"> => {
  const decoded = wire.safeParse(json);
  if (decoded.success) return success(decoded.data);
  const [issue] = decoded.error.issues;
  const path = issue?.path.join(".") ?? "";
  return failure("malformed_answer", `the answer's ${path || "body"} is malformed: ${issue?.message}`, { path });
};
