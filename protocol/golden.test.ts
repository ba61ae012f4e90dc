/**
 * The wire format, pinned: encodings and roots that every release must keep. After a deliberate change of the
 * format, `LOCKSTEP_REGENERATE_GOLDEN=1 npx vitest run protocol/golden.test.ts` writes golden.json anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { BitArray } from "@chainsafe/ssz";
import { expect, test } from "vitest";
import { Batch, batchDigest, SignedBatch, transactionId } from "./batch.ts";
import { usualBudgets } from "./budget.ts";
import { Bundle, BundleBody, bundleId, sponsorDigest } from "./bundle.ts";
import { fromHex, type Hex, toHex, utf8 } from "./bytes.ts";
import { Cannot, CannotStatement } from "./cannot.ts";
import { Certificate, emptyCertificate } from "./certificate.ts";
import { encodeControl, Readiness, Recovery, StatusChange } from "./control.ts";
import { Genesis, vms } from "./genesis.ts";
import { Certified, Header, Proposal } from "./header.ts";
import {
  asDomain,
  asEpoch,
  asHeight,
  asPublicKey,
  asRevision,
  asRoot,
  asSignature,
  asSponsor,
  asValidatorIndex,
  asView,
} from "./ids.ts";
import { type Input, Inputs, inputKinds, inputLeaf, inputsRoot } from "./inputs.ts";
import { entriesRoot, Payload, PayloadEntry } from "./payload.ts";
import { possessionMessage, signedKinds, signingRoot } from "./signing.ts";
import type { SszObject } from "./ssz.ts";
import { Attestation, Summary, TenantSummary, tenantStatuses } from "./summary.ts";
import { Registration } from "./tenant.ts";
import { ValidatorSet } from "./validators.ts";
import { Withdrawal, withdrawalDigest } from "./withdrawal.ts";

const path = new URL("./golden.json", import.meta.url);

/** Bytes that count up from `start`. */
const bytes = (length: number, start: number) => Uint8Array.from({ length }, (_, i) => (start + i) & 0xff);
const root = (start: number) => asRoot(bytes(32, start));
const publicKey = (start: number) => asPublicKey(bytes(48, start));
const signature = (start: number) => asSignature(bytes(96, start));

const certificate: Certificate = {
  signers: BitArray.fromBoolArray([true, false, true, true]),
  signature: signature(1),
};
const batch: Batch = {
  producer: publicKey(2),
  sequence: Number.MAX_SAFE_INTEGER,
  transactions: [
    { domain: asDomain(31337), gas: 21_000, bytes: utf8("first") },
    { domain: asDomain(1), gas: 0, bytes: new Uint8Array() },
  ],
  bundles: [
    { gas: [21_000, 200_000], bytes: utf8("bundle") },
    { gas: [], bytes: new Uint8Array() },
  ],
};
const cannotStatement: CannotStatement = {
  epoch: asEpoch(2),
  height: asHeight(41),
  revision: asRevision(1),
  domain: asDomain(31337),
};
const certified: Certified = {
  height: asHeight(40),
  revision: asRevision(0),
  summaryRoot: root(3),
  certificate,
};
const header: Header = {
  epoch: asEpoch(2),
  height: asHeight(41),
  timestampMs: 1_700_000_000_123,
  proposer: asValidatorIndex(3),
  parent: root(4),
  payloadRoot: root(5),
  controlRoot: root(6),
  validatorsRoot: root(7),
  nextValidatorsRoot: root(8),
  batches: [root(9), root(10)],
  certified,
};
const proposal: Proposal = { epoch: asEpoch(2), view: asView(9), parentView: asView(7), headerRoot: root(11) };
const payload: PayloadEntry[] = [
  { domain: asDomain(1), entriesRoot: root(12), count: 3 },
  { domain: asDomain(31337), entriesRoot: root(13), count: 2 ** 16 },
];
const inputs: Input[] = [
  { kind: inputKinds.write, bytes: utf8("write"), reason: new Uint8Array() },
  { kind: inputKinds.returned, bytes: utf8("later"), reason: utf8("nonce_gap") },
];
const tenantSummary: TenantSummary = {
  domain: asDomain(31337),
  number: 41,
  blockHash: root(14),
  stateRoot: root(15),
  auxRoot: root(16),
  receiptsRoot: root(17),
  inputsRoot: root(18),
  outboxRoot: root(19),
  outboxCount: 5,
  gasUsed: 30_000_000,
  status: tenantStatuses.active,
};
const summary: Summary = {
  epoch: asEpoch(2),
  height: asHeight(41),
  revision: asRevision(1),
  header: root(20),
  previous: root(21),
  timestampMs: 1_700_000_000_123,
  accountsRoot: root(22),
  tenants: [tenantSummary, { ...tenantSummary, domain: asDomain(31338), status: tenantStatuses.paused }],
  bundles: [
    { id: root(23), committed: true },
    { id: root(24), committed: false },
  ],
  hopeless: [{ producer: publicKey(40), count: 3 }],
};
const attestation: Attestation = {
  epoch: asEpoch(2),
  height: asHeight(41),
  revision: asRevision(1),
  summaryRoot: root(25),
  signer: asValidatorIndex(3),
  signature: signature(26),
};
const registration: Registration = {
  domain: asDomain(31337),
  vm: vms.evm,
  name: utf8("evm"),
  owner: publicKey(41),
  writers: [utf8("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266")],
  budget: usualBudgets.evm,
  port: 8545,
  config: utf8("{}"),
};
const genesis: Genesis = {
  salt: root(27),
  timestampMs: 1_700_000_000_000,
  epochLength: 10_000,
  validators: [
    { publicKey: publicKey(28), weight: 1, possession: signature(29) },
    { publicKey: publicKey(30), weight: 2, possession: signature(31) },
  ],
  tenants: [
    { ...registration, domain: asDomain(1), vm: vms.data, name: utf8("data"), writers: [], budget: usualBudgets.data },
    registration,
  ],
  deposits: [{ sponsor: asSponsor(bytes(32, 46)), domain: asDomain(31337), amount: 2n ** 100n }],
};
const validatorSet: ValidatorSet = {
  genesis: root(32),
  epoch: asEpoch(2),
  members: [
    { publicKey: publicKey(33), weight: 1 },
    { publicKey: publicKey(34), weight: 2 },
  ],
};

const bundleBody: BundleBody = {
  ...{ genesis: root(50), sponsor: asSponsor(bytes(32, 51)), nonce: 2 ** 40, notAfter: asHeight(900) },
  legs: [
    { domain: asDomain(31337), unsigned: bytes(100, 52), idOffsets: [3, 40] },
    { domain: asDomain(501), unsigned: bytes(64, 53), idOffsets: [8] },
  ],
};
const bundle: Bundle = {
  legs: [
    { domain: asDomain(31337), transaction: bytes(165, 52), idOffsets: [3, 40] },
    { domain: asDomain(501), transaction: bytes(129, 53), idOffsets: [8] },
  ],
  ...{ notAfter: asHeight(900), sponsor: asSponsor(bytes(32, 51)), nonce: 2 ** 40 },
  fee: [
    { domain: asDomain(501), amount: 5_000n },
    { domain: asDomain(31337), amount: 2n ** 90n },
  ],
  fills: [{ order: root(54), pays: 7n }],
  signature: bytes(64, 55),
};
const withdrawal: Withdrawal = {
  ...{ sponsor: asSponsor(bytes(32, 56)), nonce: 3, notAfter: asHeight(901), domain: asDomain(9004) },
  ...{ amount: 2n ** 80n, recipient: bytes(32, 57), signature: bytes(64, 58) },
};

/** Round trip of one sample, with the types still together. */
const sample = <T>(object: SszObject<T>, value: T) => ({
  name: object.name,
  pin: () => ({ encoding: toHex(object.encode(value)), root: toHex(object.root(value)) }),
  rereads: (encoding: Hex) => expect(object.decode(fromHex(encoding) as Uint8Array)).toEqual(value),
});

const objects = [
  sample(Attestation, attestation),
  sample(Batch, batch),
  sample(SignedBatch, { batch, signature: signature(35) }),
  sample(Bundle, bundle),
  sample(BundleBody, bundleBody),
  sample(Cannot, { ...cannotStatement, signer: asValidatorIndex(2), signature: signature(42) }),
  sample(CannotStatement, cannotStatement),
  sample(Certificate, certificate),
  sample(Certified, certified),
  sample(Genesis, genesis),
  sample(Header, header),
  sample(Inputs, inputs),
  sample(Payload, payload),
  sample(PayloadEntry, payload[0] as PayloadEntry),
  sample(Proposal, proposal),
  sample(Readiness, { domain: asDomain(501), genesis: root(42) }),
  sample(Recovery, {
    base: asHeight(40),
    revision: asRevision(1),
    drop: [asDomain(501)],
    skip: [{ domain: asDomain(31337), height: asHeight(41), id: root(45) }],
  }),
  sample(Registration, registration),
  sample(StatusChange, { domain: asDomain(501), sequence: 1, status: tenantStatuses.paused }),
  sample(Summary, summary),
  sample(TenantSummary, tenantSummary),
  sample(ValidatorSet, validatorSet),
  sample(Withdrawal, withdrawal),
];

const context = { genesis: root(36), epoch: asEpoch(2), slot: 9, revision: 1, root: root(37) };
const digests: Record<string, Uint8Array> = {
  batchDigest: batchDigest(batch),
  bundleId: bundleId(bundleBody),
  sponsorDigest: sponsorDigest(bundleId(bundleBody), bundle),
  withdrawalDigest: withdrawalDigest(root(50), withdrawal),
  transactionId: transactionId(utf8("first")),
  inputLeaf: inputLeaf(inputs[1] as Input),
  inputsRoot: inputsRoot(inputs),
  entriesRoot: entriesRoot([root(38), root(39)]),
  emptyEntriesRoot: entriesRoot([]),
  emptyPayloadRoot: Payload.root([]),
  emptyCertificateRoot: Certificate.root(emptyCertificate()),
  controlTransaction: encodeControl({
    body: { kind: "ready", value: { domain: asDomain(501), genesis: root(42) } },
    signatures: [{ publicKey: publicKey(43), signature: signature(44) }],
  }),
  possessionMessage: possessionMessage(publicKey(40)),
  ...Object.fromEntries(
    (Object.keys(signedKinds) as (keyof typeof signedKinds)[]).map((kind) => [
      `signingRoot ${kind}`,
      signingRoot({ ...context, kind }),
    ]),
  ),
};

type Golden = { objects: Record<string, { encoding: Hex; root: Hex }>; digests: Record<string, Hex> };

const current: Golden = {
  objects: Object.fromEntries(objects.map(({ name, pin }) => [name, pin()])),
  digests: Object.fromEntries(Object.entries(digests).map(([name, digest]) => [name, toHex(digest)])),
};
if (process.env.LOCKSTEP_REGENERATE_GOLDEN === "1") writeFileSync(path, `${JSON.stringify(current, undefined, 2)}\n`);
const golden = JSON.parse(readFileSync(path, "utf8")) as Golden;

test.each(objects)(
  "$name is encoded and hashed as pinned, and read back from the pinned bytes",
  ({ name, pin, rereads }) => {
    const pinned = golden.objects[name];
    expect(pin()).toEqual(pinned);
    rereads(pinned?.encoding as Hex);
  },
);

test.each(Object.keys(digests))("%s is as pinned", (name) => {
  expect(current.digests[name]).toBe(golden.digests[name]);
});

test("nothing else is pinned", () => {
  expect(Object.keys(golden.objects).sort()).toEqual(Object.keys(current.objects).sort());
  expect(Object.keys(golden.digests).sort()).toEqual(Object.keys(current.digests).sort());
});
