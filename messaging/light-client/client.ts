/**
 * Proves what a node says, from nothing but a trusted validator-set root: no expected value ever
 * comes from the node that is checked.
 */

import type { ProvenContract } from "../../adapters/cairo/proof.ts";
import type { ProvenCoin } from "../../adapters/fuel/proof.ts";
import type { ProvenSvmAccount } from "../../adapters/svm/proof.ts";
import type { BlsVerifier } from "../../consensus/certificate/bls.ts";
import { transactionId } from "../../protocol/batch.ts";
import { equalBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, success } from "../../protocol/errors.ts";
import { epochAt, type Genesis, type Vm, vmName } from "../../protocol/genesis.ts";
import { Certified } from "../../protocol/header.ts";
import { asEpoch, asHeight, type BundleId, type Domain, type Height, type Root } from "../../protocol/ids.ts";
import { type Input, inputKinds } from "../../protocol/inputs.ts";
import { limits } from "../../protocol/limits.ts";
import { Summary, type TenantSummary } from "../../protocol/summary.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import {
  type BlockWire,
  BundleWire,
  FinalCertificateWire,
  type SliceWire,
  StatusWire,
  SummaryWire,
  TransactionWire,
} from "../../protocol/wire.ts";
import { type ProvenState, proveState } from "./account.ts";
import { bundleIn, type ProvenBundle } from "./bundle.ts";
import { proveCairoContract, storageProofParams } from "./cairoContract.ts";
import { refuteExecution, refuteInputs, tenantOf } from "./execution.ts";
import { createFinality } from "./finality.ts";
import {
  coinProofQuery,
  type FuelUtxoId,
  proveFuelCoin,
  proveFuelSlot,
  slotProofQuery,
  utxoText,
} from "./fuelState.ts";
import { createOrder, type OrderCursor, type OrderedRun, shownSlice } from "./order.ts";
import { type Proof, refused } from "./refusal.ts";
import { createTrustedSets } from "./sets.ts";
import { proveSvmAccount } from "./svmAccount.ts";
import { type ProvenTenant, proveTenant } from "./tenant.ts";
import { ask, type Transport } from "./transport.ts";

/** What executing a height came to, under a quorum's attestations that a final block carries. */
export type ProvenExecution = { carrier: BlockWire; certified: Certified; summary: Summary };

/** All that was ordered for a tenant at a height, as bytes; empty where nothing was. */
export type ProvenSlice = { block: BlockWire; domain: Domain; entries: Uint8Array[] };

/** A slice, and all that was applied to the tenant there. */
export type ProvenInputs = ProvenSlice & { inputs: Input[]; summary: Summary };

export type ProvenTransaction = {
  id: Root;
  domain: Domain;
  height: Height;
  /** Position among the tenant's entries of that height. */
  index: number;
  /** `ordered` until the height is certified; the reason of an `omitted` one is proven too. */
  outcome: "ordered" | "applied" | "omitted" | "returned";
  reason?: string;
};

export type ProvenAccountState = ProvenState & { height: Height; tenant: TenantSummary };

/** Without an account where it is proven that there is none. */
export type ProvenSvmState = { account?: ProvenSvmAccount; height: Height; tenant: TenantSummary };

/** Zeros everywhere where it is proven that there is none. */
export type ProvenCairoState = ProvenContract & { height: Height; tenant: TenantSummary };

/** Without a coin where it is proven that there is none: spent, or never put out. */
export type ProvenFuelCoin = { coin?: ProvenCoin; height: Height; tenant: TenantSummary };

/** Without a value where it is proven that nothing is stored. */
export type ProvenFuelSlot = { value?: Uint8Array; height: Height; tenant: TenantSummary };

/** Every method answers with what it proved, or why it could not. None throws. */
export type LightClient = {
  genesis(): Promise<Proof<Genesis>>;
  validators(): Promise<Proof<ValidatorSet>>;
  /** A final block. */
  block(height: Height): Promise<Proof<BlockWire>>;
  /** The next heights of the order above `after`, as a tenant sees it; needs nobody's execution. */
  order(domain: Domain, after: OrderCursor): Promise<Proof<OrderedRun>>;
  /** The newest final execution certificate. */
  execution(): Promise<Proof<ProvenExecution>>;
  /** The summary of a height that a certificate covers, its own or that of a later height. */
  summary(height: Height): Promise<Proof<Summary>>;
  slice(height: Height, domain: Domain): Promise<Proof<ProvenSlice>>;
  inputs(height: Height, domain: Domain): Promise<Proof<ProvenInputs>>;
  transaction(id: Root): Promise<Proof<ProvenTransaction>>;
  /** Whether a bundle that was executed was kept, by the certified summary of its height. */
  bundle(id: BundleId): Promise<Proof<ProvenBundle>>;
  /** A tenant of the newest final block that the API shows, and what it was registered with. */
  tenant(domain: Domain): Promise<Proof<ProvenTenant>>;
  /** An EVM tenant's account (20 bytes) and slots (32 bytes each), in the newest certified state. */
  account(domain: Domain, address: Hex, slots?: readonly Hex[]): Promise<Proof<ProvenAccountState>>;
  /** An SVM tenant's account, by its address in base58, in the newest certified state. */
  svmAccount(domain: Domain, address: string): Promise<Proof<ProvenSvmState>>;
  /** A Cairo tenant's contract and slots in it, in the newest certified state. */
  cairoContract(domain: Domain, address: Hex, slots?: readonly Hex[]): Promise<Proof<ProvenCairoState>>;
  /** A Fuel tenant's coin in the newest certified state. */
  fuelCoin(domain: Domain, utxoId: FuelUtxoId): Promise<Proof<ProvenFuelCoin>>;
  /** What a contract of a Fuel tenant stores in a slot (32 bytes each) in the newest certified state. */
  fuelSlot(domain: Domain, contractId: Hex, slot: Hex): Promise<Proof<ProvenFuelSlot>>;
};

export const createLightClient = ({
  api,
  trustedRoot,
  verifier,
}: {
  api: Transport;
  /** Root of the validator set of an epoch that the user trusts. */
  trustedRoot: Root;
  verifier: BlsVerifier;
}): LightClient => {
  const sets = createTrustedSets(api, verifier, trustedRoot);

  const finality = createFinality(api, sets, verifier);

  const block: LightClient["block"] = async (height) => {
    const found = await finality.shown(height);
    return found.ok ? finality.prove(found.value) : found;
  };

  const checkExecution = async (certified: Certified, summary: Summary): Promise<Proof<Summary>> => {
    const genesis = await sets.genesis();
    if (!genesis.ok) return genesis;
    const { epochLength } = genesis.value;
    const set = await sets.of(asEpoch(epochAt(certified.height, epochLength)));
    if (!set.ok) return set;
    const refuted = await refuteExecution(verifier, set.value, epochLength, certified, summary);
    return refuted ? refused(refuted) : success(summary);
  };

  const execution: LightClient["execution"] = async () => {
    const answer = await ask(api, "/v1/certificates/latest", FinalCertificateWire);
    if (!answer.ok) return answer;
    const { carrier, certified, summary } = answer.value;
    const final = await finality.prove(carrier);
    if (!final.ok) return final;
    if (!equalBytes(Certified.root(carrier.header.certified), Certified.root(certified))) {
      return failure("not_carried", `the final block at height ${carrier.header.height} carries another certificate`);
    }
    if (certified.height === 0)
      return failure("not_certified", "no height but genesis is certified yet: try again shortly");
    const executed = await checkExecution(certified, summary);
    return executed.ok ? success(answer.value) : executed;
  };

  const summaryAt = async (height: Height): Promise<Proof<Summary>> => {
    const found = await ask(api, `/v1/summaries/${height}`, SummaryWire);
    if (!found.ok) return found;
    const { summary } = found.value;
    return summary.height === height
      ? success(summary)
      : failure("wrong_height", `asked for the summary of height ${height}, the answer is of height ${summary.height}`);
  };

  /** The first final block above `height` that carries a certificate of it or of a later height. */
  const carrierOf = async (height: Height): Promise<Proof<BlockWire>> => {
    const farthest = height + 2 * limits.uncertifiedHeights;
    for (let at = height + 1; at <= farthest; at++) {
      const candidate = await finality.shown(asHeight(at));
      if (!candidate.ok) return candidate;
      if (candidate.value.header.certified.height >= Math.max(height, 1)) return finality.prove(candidate.value);
    }
    return failure(
      "not_certified",
      `no block up to height ${farthest} carries a certificate that covers height ${height}`,
    );
  };

  const summary: LightClient["summary"] = async (height) => {
    const carrier = await carrierOf(height);
    if (!carrier.ok) return carrier;
    const { certified } = carrier.value.header;
    const newest = await summaryAt(certified.height);
    if (!newest.ok) return newest;
    const checked = await checkExecution(certified, newest.value);
    if (!checked.ok) return checked;
    let current = checked.value;
    while (current.height > height) {
      const previous = await summaryAt(asHeight(current.height - 1));
      if (!previous.ok) return previous;
      if (!equalBytes(Summary.root(previous.value), current.previous)) {
        const message = `the summary of height ${previous.value.height} is not the one that height ${current.height} builds on`;
        return failure("wrong_summary", message);
      }
      current = previous.value;
    }
    return success(current);
  };

  const checkedSlice = async (height: Height, domain: Domain): Promise<Proof<SliceWire>> => {
    const shown = await shownSlice(api, height, domain);
    if (!shown.ok) return shown;
    const final = await finality.prove(shown.value.block);
    return final.ok ? shown : final;
  };

  const slice: LightClient["slice"] = async (height, domain) => {
    const checked = await checkedSlice(height, domain);
    return checked.ok ? success({ block: checked.value.block, domain, entries: checked.value.entries }) : checked;
  };

  const inputsOf = async ({ block, domain, entries, inputs }: SliceWire): Promise<Proof<ProvenInputs>> => {
    const { height } = block.header;
    const certified = await summary(height);
    if (!certified.ok) return certified;
    if (inputs === undefined)
      return failure("not_available", `the API shows no inputs of domain ${domain} at height ${height}`);
    const refuted = refuteInputs(certified.value, block.root, domain, inputs);
    return refuted ? refused(refuted) : success({ block, domain, entries, inputs, summary: certified.value });
  };

  const inputs: LightClient["inputs"] = async (height, domain) => {
    const checked = await checkedSlice(height, domain);
    return checked.ok ? inputsOf(checked.value) : checked;
  };

  const transaction: LightClient["transaction"] = async (id) => {
    const found = await ask(api, `/v1/transactions/${toHex(id)}`, TransactionWire);
    if (!found.ok) return found;
    const { domain, height, status } = found.value;
    if (height === undefined) return failure("not_ordered", `the transaction is ${status}: no block ordered it`);
    const checked = await checkedSlice(height, domain);
    if (!checked.ok) return checked;
    const isIt = (bytes: Uint8Array): boolean => equalBytes(transactionId(bytes), id);
    const index = checked.value.entries.findIndex(isIt);
    if (index === -1) {
      return failure("not_in_slice", `the slice of domain ${domain} at height ${height} does not hold the transaction`);
    }
    const place = { id, domain, height, index };
    const applied = await inputsOf(checked.value);
    if (!applied.ok) {
      const pending = applied.error.code === "not_certified" || applied.error.code === "not_available";
      return pending ? success({ ...place, outcome: "ordered" }) : applied;
    }
    const input = applied.value.inputs.find(({ kind, bytes }) => kind !== inputKinds.write && isIt(bytes));
    if (input === undefined)
      return failure("wrong_inputs", "the certified inputs don't say what became of the transaction");
    const reason = new TextDecoder().decode(input.reason);
    if (input.kind === inputKinds.omitted) return success({ ...place, outcome: "omitted", reason });
    if (input.kind === inputKinds.returned) return success({ ...place, outcome: "returned", reason });
    return success({ ...place, outcome: "applied" });
  };

  const bundle: LightClient["bundle"] = async (id) => {
    const found = await ask(api, `/v1/bundles/${toHex(id)}`, BundleWire);
    if (!found.ok) return found;
    const { height, status } = found.value;
    if (height === undefined) return failure("not_ordered", `the bundle is ${status}: no block has executed it`);
    const proven = await summary(height);
    return proven.ok ? bundleIn(proven.value, id) : proven;
  };

  const tenant: LightClient["tenant"] = (domain) => proveTenant(api, finality, domain);

  /** Of a tenant of genesis, or of one that was registered later. */
  const vmOf = async (domain: Domain): Promise<Proof<Vm | undefined>> => {
    const genesis = await sets.genesis();
    if (!genesis.ok) return genesis;
    const founding = genesis.value.tenants.find((tenant) => tenant.domain === domain);
    if (founding !== undefined) return success(vmName(founding.vm));
    const later = await tenant(domain);
    return later.ok ? success(vmName(later.value.registration.vm)) : later;
  };

  /** A tenant in the newest certified state, and its RPC. */
  const certifiedTenant = async (
    domain: Domain,
    vm: Vm,
  ): Promise<Proof<{ height: Height; tenant: TenantSummary; rpc: string }>> => {
    const found = await vmOf(domain);
    if (!found.ok) return found;
    if (found.value !== vm)
      return failure("unsupported_vm", `domain ${domain} is ${found.value ?? "unknown"}, not ${vm}`);
    const executed = await execution();
    if (!executed.ok) return executed;
    const line = tenantOf(executed.value.summary, domain);
    if (line === undefined)
      return failure("unknown_tenant", `the certified summary has no tenant with domain ${domain}`);
    const status = await ask(api, "/v1/status", StatusWire);
    if (!status.ok) return status;
    const rpc = status.value.tenants.find((each) => each.domain === domain)?.rpc;
    if (rpc === undefined) return failure("not_available", `the node serves no RPC for domain ${domain}`);
    return success({ height: executed.value.certified.height, tenant: line, rpc });
  };

  const account: LightClient["account"] = async (domain, address, slots = []) => {
    const certified = await certifiedTenant(domain, "evm");
    if (!certified.ok) return certified;
    const { height, tenant, rpc } = certified.value;
    const number = `0x${tenant.number.toString(16)}`;
    const answer = await api.call(rpc, "eth_getProof", [address, slots, number]);
    if (!answer.ok) return answer;
    const state = proveState(tenant.stateRoot, address, slots, answer.value);
    return state.ok ? success({ ...state.value, height, tenant }) : state;
  };

  const svmAccount: LightClient["svmAccount"] = async (domain, address) => {
    const certified = await certifiedTenant(domain, "svm");
    if (!certified.ok) return certified;
    const { height, tenant, rpc } = certified.value;
    const answer = await api.call(rpc, "getAccountProof", [address, { slot: tenant.number }]);
    if (!answer.ok) return answer;
    const proven = proveSvmAccount(tenant.stateRoot, address, answer.value);
    if (!proven.ok) return proven;
    return success({ ...(proven.value === undefined ? {} : { account: proven.value }), height, tenant });
  };

  const cairoContract: LightClient["cairoContract"] = async (domain, address, slots = []) => {
    const certified = await certifiedTenant(domain, "cairo");
    if (!certified.ok) return certified;
    const { height, tenant, rpc } = certified.value;
    const params = storageProofParams(tenant.number, address, slots);
    const answer = await api.call(rpc, "starknet_getStorageProof", params);
    if (!answer.ok) return answer;
    const proven = proveCairoContract(tenant.stateRoot, address, slots, answer.value);
    return proven.ok ? success({ ...proven.value, height, tenant }) : proven;
  };

  const fuelCoin: LightClient["fuelCoin"] = async (domain, utxoId) => {
    const certified = await certifiedTenant(domain, "fuel");
    if (!certified.ok) return certified;
    const { height, tenant, rpc } = certified.value;
    const variables = { utxoId: utxoText(utxoId), blockHeight: String(tenant.number) };
    const answer = await api.query(rpc, coinProofQuery, variables);
    if (!answer.ok) return answer;
    const proven = proveFuelCoin(tenant.stateRoot, utxoId, answer.value);
    if (!proven.ok) return proven;
    return success({ ...(proven.value === undefined ? {} : { coin: proven.value }), height, tenant });
  };

  const fuelSlot: LightClient["fuelSlot"] = async (domain, contract, slot) => {
    const certified = await certifiedTenant(domain, "fuel");
    if (!certified.ok) return certified;
    const { height, tenant, rpc } = certified.value;
    const variables = { contract, slot, blockHeight: String(tenant.number) };
    const answer = await api.query(rpc, slotProofQuery, variables);
    if (!answer.ok) return answer;
    const proven = proveFuelSlot(tenant.stateRoot, contract, slot, answer.value);
    if (!proven.ok) return proven;
    return success({ ...(proven.value === undefined ? {} : { value: proven.value }), height, tenant });
  };

  return {
    genesis: sets.genesis,
    validators: sets.newest,
    block,
    order: createOrder(api, sets, finality),
    execution,
    summary,
    slice,
    inputs,
    transaction,
    bundle,
    tenant,
    account,
    svmAccount,
    cairoContract,
    fuelCoin,
    fuelSlot,
  };
};
