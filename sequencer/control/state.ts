/**
 * The ordering state: what decides whether a block is valid, apart from the block itself. A pure
 * function of genesis and the headers and batches after it, so every validator knows it on every
 * branch before it votes. Its root stands in the header of the block that it judges.
 */
import { ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { budgetType, type TenantBudget } from "../../protocol/budget.ts";
import { compareBytes, equalBytes } from "../../protocol/bytes.ts";
import { epochAt, type Genesis, lastHeightOf } from "../../protocol/genesis.ts";
import {
  asEpoch,
  asHeight,
  type Domain,
  type Epoch,
  type Height,
  type PublicKey,
  type Root,
} from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { bytes32, bytes48, sszObject, uint8, uint32, uint64 } from "../../protocol/ssz.ts";
import { type Summary, type TenantStatus, tenantStatuses } from "../../protocol/summary.ts";
import { type Validator, type ValidatorSet, validatorType } from "../../protocol/validators.ts";
import {
  accrue,
  addLoads,
  type Capacity,
  capacityFields,
  charge,
  fullCapacity,
  type Loads,
  penaltyAfter,
} from "./capacity.ts";

export type OrderingTenant = {
  domain: Domain;
  /** Wire number from `vms`. */
  vm: number;
  /** Height at which its native block 0 stands. */
  activatedAt: Height;
  status: TenantStatus;
  budget: TenantBudget;
  capacity: Capacity;
};

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
    tenants: new ListCompositeType(
      new ContainerType({
        domain: uint32,
        vm: uint8,
        activatedAt: uint64,
        status: uint8,
        budget: budgetType,
        capacity: new ContainerType(capacityFields),
      }),
      limits.tenants,
    ),
    validators: validatorsType,
    nextValidators: validatorsType,
    producers: new ListCompositeType(
      new ContainerType({ publicKey: bytes48, sequence: uint64, penalty: uint64 }),
      limits.validators,
    ),
  }),
);

/** The ordering state under which block 1 is judged. */
export const genesisState = (genesis: Genesis, genesisRoot: Root): OrderingState => {
  const validators = genesis.validators.map(({ publicKey, weight }) => ({ publicKey, weight }));
  return {
    genesis: genesisRoot,
    epochLength: genesis.epochLength,
    timestampMs: genesis.timestampMs,
    certified: asHeight(0),
    tenants: genesis.tenants.map(({ domain, vm, budget }) => ({
      domain,
      vm,
      activatedAt: asHeight(0),
      status: tenantStatuses.active,
      budget,
      capacity: fullCapacity(budget),
    })),
    validators,
    nextValidators: validators,
    producers: validators
      .map(({ publicKey }) => ({ publicKey, sequence: 0, penalty: 0 }))
      .sort((a, b) => compareBytes(a.publicKey, b.publicKey)),
  };
};

export const producerState = (state: OrderingState, producer: PublicKey): ProducerState | undefined =>
  state.producers.find(({ publicKey }) => equalBytes(publicKey, producer));

export const lastSequence = (state: OrderingState, producer: PublicKey): number | undefined =>
  producerState(state, producer)?.sequence;

export const tenantState = (state: OrderingState, domain: Domain): OrderingTenant | undefined =>
  state.tenants.find((tenant) => tenant.domain === domain);

/**
 * The state as a block with this time and certified height finds it, before its batches. `summaries` are those of
 * the heights that the block newly certifies: from above `state.certified`, in order of height.
 */
export const meet = (
  state: OrderingState,
  { timestampMs, certified }: { timestampMs: number; certified: Height },
  summaries: readonly Summary[],
): OrderingState => {
  const elapsedMs = timestampMs - state.timestampMs;
  const hopelessOf = ({ publicKey }: ProducerState): number =>
    summaries
      .flatMap(({ hopeless }) => hopeless)
      .reduce((sum, { producer, count }) => (equalBytes(producer, publicKey) ? sum + count : sum), 0);
  return {
    ...state,
    timestampMs,
    certified,
    tenants: state.tenants.map((tenant) => ({
      ...tenant,
      capacity: accrue(tenant.capacity, tenant.domain, tenant.budget, elapsedMs, summaries),
    })),
    producers: state.producers.map((producer) => ({
      ...producer,
      penalty: penaltyAfter(producer.penalty, elapsedMs, hopelessOf(producer)),
    })),
  };
};

/** What of a batch moves the ordering state. */
export type BatchPlace = { producer: PublicKey; sequence: number; loads: Loads };

/** The state after a valid block at `height` with these batches, in block order, that met `state`. */
export const advance = (state: OrderingState, height: Height, batches: readonly BatchPlace[]): OrderingState => {
  const endsEpoch = height === lastHeightOf(epochAt(height, state.epochLength), state.epochLength);
  const validators = endsEpoch ? state.nextValidators : state.validators;
  if (batches.length === 0) return { ...state, validators };
  const loads = addLoads(batches.map((batch) => batch.loads));
  return {
    ...state,
    validators,
    tenants: state.tenants.map((tenant) => ({
      ...tenant,
      capacity: charge(tenant.capacity, height, loads.get(tenant.domain)),
    })),
    producers: state.producers.map((producer) => {
      const last = batches.findLast((batch) => equalBytes(batch.producer, producer.publicKey));
      return last === undefined ? producer : { ...producer, sequence: last.sequence };
    }),
  };
};

/** The set that votes in the epoch of a block judged under `state`. */
export const validatorSet = (state: OrderingState, epoch: Epoch): ValidatorSet => ({
  genesis: state.genesis,
  epoch,
  members: state.validators,
});

/** The set of the epoch after; what a light client takes over from an epoch's last header. */
export const nextValidatorSet = (state: OrderingState, epoch: Epoch): ValidatorSet => ({
  genesis: state.genesis,
  epoch: asEpoch(epoch + 1),
  members: state.nextValidators,
});
