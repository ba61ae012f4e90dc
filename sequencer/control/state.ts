/**
 * The ordering state: what decides whether a block is valid, apart from the block itself. A pure
 * function of genesis and the headers and batches after it, so every validator knows it on every
 * branch before it votes. Its root stands in the header of the block that it judges.
 */
import { ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { compareBytes, equalBytes } from "../../protocol/bytes.ts";
import { epochAt, type Genesis, lastHeightOf } from "../../protocol/genesis.ts";
import { asEpoch, type Domain, type Epoch, type Height, type PublicKey, type Root } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { bytes32, bytes48, sszObject, uint8, uint32, uint64 } from "../../protocol/ssz.ts";
import { type TenantStatus, tenantStatuses } from "../../protocol/summary.ts";
import { type Validator, type ValidatorSet, validatorType } from "../../protocol/validators.ts";

export type OrderingTenant = {
  domain: Domain;
  /** Wire number from `vms`. */
  vm: number;
  /** Height at which its native block 0 stands. */
  activatedAt: Height;
  status: TenantStatus;
};

/** Last sequence of a producer that the chain has taken. */
export type ProducerState = { publicKey: PublicKey; sequence: number };

export type OrderingState = {
  genesis: Root;
  epochLength: number;
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
    tenants: new ListCompositeType(
      new ContainerType({ domain: uint32, vm: uint8, activatedAt: uint64, status: uint8 }),
      limits.tenants,
    ),
    validators: validatorsType,
    nextValidators: validatorsType,
    producers: new ListCompositeType(new ContainerType({ publicKey: bytes48, sequence: uint64 }), limits.validators),
  }),
);

/** The ordering state under which block 1 is judged. */
export const genesisState = (genesis: Genesis, genesisRoot: Root): OrderingState => {
  const validators = genesis.validators.map(({ publicKey, weight }) => ({ publicKey, weight }));
  return {
    genesis: genesisRoot,
    epochLength: genesis.epochLength,
    tenants: genesis.tenants.map(({ domain, vm }) => ({
      domain,
      vm,
      activatedAt: 0 as Height,
      status: tenantStatuses.active,
    })),
    validators,
    nextValidators: validators,
    producers: validators
      .map(({ publicKey }) => ({ publicKey, sequence: 0 }))
      .sort((a, b) => compareBytes(a.publicKey, b.publicKey)),
  };
};

export const lastSequence = (state: OrderingState, producer: PublicKey): number | undefined =>
  state.producers.find(({ publicKey }) => equalBytes(publicKey, producer))?.sequence;

/** What of a batch moves the ordering state. */
export type BatchPlace = { producer: PublicKey; sequence: number };

/** The state after a valid block at `height` with these batches, in block order. */
export const advance = (state: OrderingState, height: Height, batches: readonly BatchPlace[]): OrderingState => {
  const endsEpoch = height === lastHeightOf(epochAt(height, state.epochLength), state.epochLength);
  if (batches.length === 0 && !endsEpoch) return state;
  const producers = state.producers.map((producer) => {
    const last = batches.findLast((batch) => equalBytes(batch.producer, producer.publicKey));
    return last === undefined ? producer : { ...producer, sequence: last.sequence };
  });
  return { ...state, producers, validators: endsEpoch ? state.nextValidators : state.validators };
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
