/**
 * How the ordering state comes about: a pure function of genesis and the headers and batches after it, so
 * every validator knows it on every branch before it votes.
 */
import { controlBudget, type TenantBudget } from "../../protocol/budget.ts";
import { compareBytes, equalBytes } from "../../protocol/bytes.ts";
import { controlDomain } from "../../protocol/control.ts";
import { epochAt, type Genesis, lastHeightOf, vmName } from "../../protocol/genesis.ts";
import {
  asEpoch,
  asHeight,
  asRevision,
  type Domain,
  type Epoch,
  type Height,
  type PublicKey,
  type Root,
} from "../../protocol/ids.ts";
import { controlTransactionBytes, limits, transactionLimits } from "../../protocol/limits.ts";
import type { Capacity, OrderingState, OrderingTenant, ProducerState } from "../../protocol/ordering.ts";
import { type Summary, tenantStatuses } from "../../protocol/summary.ts";
import { Registration } from "../../protocol/tenant.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import { accrue, addLoads, charge, fullCapacity, type Loads, penaltyAfter } from "./capacity.ts";

/** A tenant of a registration, as it stands in the ordering state. */
export const tenantFrom = (
  registration: Registration,
  place: Pick<OrderingTenant, "status" | "activatedAt" | "registeredMs">,
): OrderingTenant => ({
  domain: registration.domain,
  vm: registration.vm,
  port: registration.port,
  owner: registration.owner,
  ...place,
  sequence: 0,
  registration: Registration.root(registration),
  ready: [],
  budget: registration.budget,
  capacity: fullCapacity(registration.budget),
});

/** The ordering state under which block 1 is judged. */
export const genesisState = (genesis: Genesis, genesisRoot: Root): OrderingState => {
  const validators = genesis.validators.map(({ publicKey, weight }) => ({ publicKey, weight }));
  return {
    genesis: genesisRoot,
    epochLength: genesis.epochLength,
    timestampMs: genesis.timestampMs,
    certified: asHeight(0),
    revision: asRevision(0),
    control: fullCapacity(controlBudget),
    tenants: genesis.tenants.map((registration) =>
      tenantFrom(registration, {
        status: tenantStatuses.active,
        activatedAt: asHeight(0),
        registeredMs: genesis.timestampMs,
      }),
    ),
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

/** Whether so much is uncertified below a height that its block may hold nothing but control transactions. */
export const takesOnlyControl = (height: number, certified: Height): boolean =>
  height - certified > limits.uncertifiedHeights;

/** Budget and capacity of an active tenant, or of the control ledger, and the bytes of its largest transaction. */
export type CapacityOf = { budget: TenantBudget; capacity: Capacity; largestBytes: number };

export const capacityOf = (state: OrderingState, domain: Domain): CapacityOf | undefined => {
  if (domain === controlDomain) {
    return { budget: controlBudget, capacity: state.control, largestBytes: controlTransactionBytes };
  }
  const tenant = tenantState(state, domain);
  if (tenant?.status !== tenantStatuses.active) return undefined;
  return { ...tenant, largestBytes: transactionLimits[vmName(tenant.vm) ?? "data"] };
};

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
    control: accrue(state.control, controlDomain, controlBudget, elapsedMs, summaries),
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
    // Checking signatures costs the same whatever comes of it: nothing flows back.
    control: { ...charge(state.control, height, loads.get(controlDomain)), uncertified: [] },
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
