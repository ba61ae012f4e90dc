/** What all validators start from. Its root names the network. */
import { ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { asHeight, type Domain, type Height, type PublicKey, type Root, type Signature, type Sponsor } from "./ids.ts";
import { limits } from "./limits.ts";
import { bytes32, bytes48, bytes96, sszObject, uint32, uint64, uint128 } from "./ssz.ts";
import { Registration } from "./tenant.ts";

/** Wire numbers of the VMs. */
export const vms = { data: 0, evm: 1, svm: 2, cairo: 3, fuel: 4 } as const;
export type Vm = keyof typeof vms;

export const vmName = (number: number): Vm | undefined =>
  (Object.keys(vms) as Vm[]).find((name) => vms[name] === number);

export type GenesisValidator = { publicKey: PublicKey; weight: number; possession: Signature };

/** What a sponsor of bundles has at a tenant from the start, in the smallest unit of its currency. */
export type GenesisDeposit = { sponsor: Sponsor; domain: Domain; amount: bigint };

export type Genesis = {
  /** Fresh for every network, so that one network's signatures mean nothing in another. */
  salt: Root;
  timestampMs: number;
  /** Heights of an epoch. */
  epochLength: number;
  validators: GenesisValidator[];
  /** Strictly increasing by domain. */
  tenants: Registration[];
  /** Strictly increasing by sponsor, then domain. */
  deposits: GenesisDeposit[];
};

export const Genesis = sszObject<Genesis>(
  "Genesis",
  new ContainerType({
    salt: bytes32,
    timestampMs: uint64,
    epochLength: uint64,
    validators: new ListCompositeType(
      new ContainerType({ publicKey: bytes48, weight: uint64, possession: bytes96 }),
      limits.validators,
    ),
    tenants: new ListCompositeType(Registration.type, limits.tenants),
    deposits: new ListCompositeType(
      new ContainerType({ sponsor: bytes32, domain: uint32, amount: uint128 }),
      limits.genesisDeposits,
    ),
  }),
);

/** Last height of an epoch: epoch e holds heights e·length + 1 to (e + 1)·length; genesis stands before them. */
export const lastHeightOf = (epoch: number, epochLength: number): Height => asHeight((epoch + 1) * epochLength);

export const epochAt = (height: number, epochLength: number): number =>
  height === 0 ? 0 : Math.floor((height - 1) / epochLength);
