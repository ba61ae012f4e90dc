/**
 * The ordering state: what decides whether a block is valid, apart from the block itself. Its root stands in the
 * header of the block that it judges, so whatever it says of a tenant can be proven.
 */
import { ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { budgetType, type TenantBudget } from "./budget.ts";
import type { Domain, Height, PublicKey, Revision, Root } from "./ids.ts";
import { limits } from "./limits.ts";
import { bytes32, bytes48, sszObject, uint8, uint32, uint64 } from "./ssz.ts";
import type { TenantStatus } from "./summary.ts";
import { type Validator, validatorType } from "./validators.ts";

/** What a tenant may still have ordered, and what it had ordered at heights that are not certified yet. */
export type Capacity = {
  gas: number;
  bytes: number;
  /** Declared gas; increasing by height, none without gas. */
  uncertified: { height: Height; gas: number }[];
};

const capacityType = new ContainerType({
  gas: uint64,
  bytes: uint64,
  uncertified: new ListCompositeType(new ContainerType({ height: uint64, gas: uint64 }), limits.uncertifiedHeights),
});

export type OrderingTenant = {
  domain: Domain;
  /** Wire number from `vms`. */
  vm: number;
  /** As registered. */
  port: number;
  owner: PublicKey;
  /** Root of its `Registration`. */
  registration: Root;
  /** Time of the block that registered it. */
  registeredMs: number;
  /** While it is registered only: validators that run its engine, and its block 0 as each has it. */
  ready: { publicKey: PublicKey; genesis: Root }[];
  /** Of the last change of its status. */
  sequence: number;
  /** Height at which its native block 0 stands. */
  activatedAt: Height;
  status: TenantStatus;
  budget: TenantBudget;
  capacity: Capacity;
};

export const OrderingTenant = sszObject<OrderingTenant>(
  "OrderingTenant",
  new ContainerType({
    domain: uint32,
    vm: uint8,
    port: uint32,
    owner: bytes48,
    registration: bytes32,
    registeredMs: uint64,
    ready: new ListCompositeType(new ContainerType({ publicKey: bytes48, genesis: bytes32 }), limits.validators),
    sequence: uint64,
    activatedAt: uint64,
    status: uint8,
    budget: budgetType,
    capacity: capacityType,
  }),
);

export type ProducerState = {
  publicKey: PublicKey;
  /** Last sequence that the chain has taken. */
  sequence: number;
  /** Bytes that its largest batch is smaller by, for what was hopeless when it had it ordered. */
  penalty: number;
};

export type OrderingState = {
  genesis: Root;
  epochLength: number;
  /** Of the newest block, and the height whose execution it certifies. */
  timestampMs: number;
  certified: Height;
  /** Under which heights above the certified one are executed and attested to: how many recoveries there were. */
  revision: Revision;
  /** What is left for control transactions. */
  control: Capacity;
  /** Strictly increasing by domain. */
  tenants: OrderingTenant[];
  validators: Validator[];
  nextValidators: Validator[];
  /** Increasing by public key; one entry per validator. */
  producers: ProducerState[];
};

const validatorsType = new ListCompositeType(validatorType, limits.validators);

export const OrderingState = sszObject<OrderingState>(
  "OrderingState",
  new ContainerType({
    genesis: bytes32,
    epochLength: uint64,
    timestampMs: uint64,
    certified: uint64,
    revision: uint64,
    control: capacityType,
    tenants: new ListCompositeType(OrderingTenant.type, limits.tenants),
    validators: validatorsType,
    nextValidators: validatorsType,
    producers: new ListCompositeType(
      new ContainerType({ publicKey: bytes48, sequence: uint64, penalty: uint64 }),
      limits.validators,
    ),
  }),
);
