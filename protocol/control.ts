/**
 * Control transactions: what changes tenants, and withdrawals of those who sponsor bundles, ordered like any other
 * transaction, in the slice of domain 0. Signed by a tenant's owner, by a validator, or by more than two thirds of the
 * validators; a withdrawal has its sponsor's signature in itself.
 */
import { ByteListType, ContainerType, ListBasicType, ListCompositeType } from "@chainsafe/ssz";
import { LockstepError } from "./errors.ts";
import type { Domain, Epoch, Height, PublicKey, Revision, Root, Signature } from "./ids.ts";
import { limits } from "./limits.ts";
import { signingRoot } from "./signing.ts";
import { bytes32, bytes48, bytes96, type SszObject, sszObject, uint8, uint32, uint64 } from "./ssz.ts";
import type { TenantStatus } from "./summary.ts";
import { Registration } from "./tenant.ts";
import { Withdrawal } from "./withdrawal.ts";

/** The control ledger's own domain. */
export const controlDomain = 0 as Domain;

/** A validator says that it runs a registered tenant's engine, and which block 0 that has. */
export type Readiness = { domain: Domain; genesis: Root };

/** A tenant is paused, resumed or retired. */
export type StatusChange = {
  domain: Domain;
  /** One more than that of the tenant's change before. */
  sequence: number;
  status: TenantStatus;
};

/** An entry of a slice that is left out when its height is executed again. */
export type SkippedEntry = { domain: Domain; height: Height; id: Root };

/** Heights above a certified one are executed again, without what keeps validators from executing them. */
export type Recovery = {
  /** Newest certified height. */
  base: Height;
  /** One more than the revision in force. */
  revision: Revision;
  /** Tenants whose last block is that of the base; strictly increasing. */
  drop: Domain[];
  skip: SkippedEntry[];
};

export const Readiness = sszObject<Readiness>("Readiness", new ContainerType({ domain: uint32, genesis: bytes32 }));
export const StatusChange = sszObject<StatusChange>(
  "StatusChange",
  new ContainerType({ domain: uint32, sequence: uint64, status: uint8 }),
);

export const Recovery = sszObject<Recovery>(
  "Recovery",
  new ContainerType({
    base: uint64,
    revision: uint64,
    drop: new ListBasicType(uint32, limits.tenants),
    skip: new ListCompositeType(
      new ContainerType({ domain: uint32, height: uint64, id: bytes32 }),
      limits.skippedEntries,
    ),
  }),
);

/** Wire numbers of what a control transaction holds. */
export const controlKinds = { register: 1, ready: 2, setStatus: 3, recover: 4, withdraw: 5 } as const;

export type ControlBody =
  | { kind: "register"; value: Registration }
  | { kind: "ready"; value: Readiness }
  | { kind: "setStatus"; value: StatusChange }
  | { kind: "recover"; value: Recovery }
  | { kind: "withdraw"; value: Withdrawal };
export type ControlKind = ControlBody["kind"];

const bodies = {
  register: Registration,
  ready: Readiness,
  setStatus: StatusChange,
  recover: Recovery,
  withdraw: Withdrawal,
} as const;

export type ControlSignature = { publicKey: PublicKey; signature: Signature };

/** As it travels; `body` is the encoding of the object that `kind` names. */
type Envelope = { kind: number; body: Uint8Array; signatures: ControlSignature[] };

const Envelope = sszObject<Envelope>(
  "ControlTransaction",
  new ContainerType({
    kind: uint8,
    body: new ByteListType(limits.transactionBytes),
    signatures: new ListCompositeType(new ContainerType({ publicKey: bytes48, signature: bytes96 }), limits.validators),
  }),
);

export type ControlTransaction = { body: ControlBody; signatures: ControlSignature[] };

const objectOf = (kind: ControlKind): SszObject<unknown> => bodies[kind] as SszObject<unknown>;

export const encodeControl = ({ body, signatures }: ControlTransaction): Uint8Array =>
  Envelope.encode({ kind: controlKinds[body.kind], body: objectOf(body.kind).encode(body.value), signatures });

/** @throws LockstepError `undecodable` on anything but the one encoding of a control transaction */
export const decodeControl = (bytes: Uint8Array): ControlTransaction => {
  const { kind: number, body, signatures } = Envelope.decode(bytes);
  const kind = (Object.keys(controlKinds) as ControlKind[]).find((each) => controlKinds[each] === number);
  if (kind === undefined) throw new LockstepError("undecodable", `there is no control transaction of kind ${number}`);
  return { body: { kind, value: objectOf(kind).decode(body) } as ControlBody, signatures };
};

/** What is signed for a body. */
export const controlSigningRoot = (genesis: Root, { kind, value }: ControlBody): Root =>
  signingRoot({
    genesis,
    kind: "control",
    epoch: 0 as Epoch,
    slot: controlKinds[kind],
    revision: 0,
    root: objectOf(kind).root(value),
  });
