/** What a VM's part of the benchmark says of itself; everything else about VMs is shared. */
import type { TenantName } from "../../../devnet/tenants.ts";

export const vmNames = ["evm", "svm", "cairo", "fuel"] as const satisfies readonly TenantName[];
export type VmName = (typeof vmNames)[number];

/** Accounts that send, each over a connection of its own. */
export const senders: Readonly<Record<VmName, number>> = { evm: 20, svm: 10, cairo: 10, fuel: 10 };
/** Of these, how many the devnet funds. They alone send in the warm-up, and fund the others there. */
export const fundedSenders = 10;

/** Where transfers are submitted at a validator: at its API, or at the tenant's own RPC. */
export type Endpoint = { api: string; rpc: string };
export type Request = { url: string; contentType: string; body: Uint8Array };

export type VmPart = {
  /** Transfers in a request, and in a block where the engine runs alone. */
  batch: number;
  perBlock: number;
  /**
   * The first `count` transfers of a sender, in their order.
   *
   * @param recent what `recent` gave, if there is such a thing
   */
  sign(sender: number, count: number, recent: string): Promise<Uint8Array[]>;
  request(batch: readonly Uint8Array[], at: Endpoint): Request;
  /** What transfers name that is good for a short time only: of the engine's block 0, and of a network. */
  recent?: { engine(): Promise<string>; network(at: Endpoint): Promise<string> };
};

/** Accounts that get transfers, in turn: as many as blocks of a busy network touch. */
export const recipients = 500;
