/** The gateway of a Fuel tenant: where it is, what the sequencer writes, and what it says. */
import type { SyncKey, SyncMessage } from "../../../protocol/bundle.ts";
import { concatBytes, fromHex, type Hex } from "../../../protocol/bytes.ts";
import { sha256 } from "../../../protocol/hash.ts";
import { asDomain, asSponsor, type BundleId, type Domain, type Sponsor } from "../../../protocol/ids.ts";
import type { Release } from "../../adapter.ts";
import { gatewayLogs, gatewayReverts } from "./gatewayProgram.ts";

/** "Lockstep" in ASCII and zeros behind it. */
export const gatewayId: Hex = `0x4c6f636b73746570${"0".repeat(48)}`;

const slotBytes = 32;

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};

const u64 = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
};

/** A storage slot and its new value; none: it is cleared. */
export type SlotWrite = { slot: Uint8Array; value: Uint8Array };

export const setBundleWrite = (id: BundleId | undefined): SlotWrite => ({
  slot: new Uint8Array(slotBytes),
  value: id ?? new Uint8Array(),
});

const messageSlot = ({ origin, sender, recipient, index }: SyncKey): Uint8Array =>
  sha256(concatBytes(u32(origin), sender, recipient, u32(index)));

/** The slot `distance` behind another one. */
const slotBehind = (slot: Uint8Array, distance: number): Uint8Array => {
  const next = Uint8Array.from(slot);
  let carry = distance;
  for (let i = slotBytes - 1; i >= 0 && carry > 0; i--) {
    carry += next[i] as number;
    next[i] = carry & 0xff;
    carry >>= 8;
  }
  return next;
};

export const deliverWrites = (message: SyncMessage): SlotWrite[] => {
  const { body } = message;
  const slot = messageSlot(message);
  const words = Array.from({ length: Math.ceil(body.length / slotBytes) }, (_, i): SlotWrite => {
    const value = new Uint8Array(slotBytes);
    value.set(body.subarray(i * slotBytes, (i + 1) * slotBytes));
    return { slot: slotBehind(slot, i + 1), value };
  });
  const length = new Uint8Array(slotBytes);
  length.set(u32(body.length + 1), slotBytes - 4);
  return [{ slot, value: length }, ...words];
};

export const releaseWrite = ({ recipient, sponsor, nonce, amount }: Release): SlotWrite => {
  const value = new Uint8Array(slotBytes);
  new DataView(value.buffer).setBigUint64(slotBytes - 8, amount);
  return { slot: sha256(concatBytes(u64(1n), recipient, sponsor, u64(BigInt(nonce)))), value };
};

/** What the gateway said in a transaction, in order. */
export type GatewayEvents = {
  sent: SyncMessage[];
  consumed: SyncKey[];
  deposits: { sponsor: Sponsor; amount: bigint }[];
};

type Receipt = { kind: string; id?: Hex; ra?: bigint; data?: Hex | undefined };

/** Reads the gateway's logs out of a transaction's receipts. */
export const gatewayEvents = (domain: Domain, receipts: readonly Receipt[]): GatewayEvents => {
  const events: GatewayEvents = { sent: [], consumed: [], deposits: [] };
  for (const { kind, id, ra, data } of receipts) {
    if (kind !== "logData" || id !== gatewayId) continue;
    const bytes = fromHex(data ?? "0x") ?? new Uint8Array();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (ra === BigInt(gatewayLogs.sent)) {
      events.sent.push({
        origin: domain,
        sender: bytes.slice(0, 32),
        destination: asDomain(view.getUint32(32)),
        recipient: bytes.slice(36, 68),
        index: view.getUint32(68),
        body: bytes.slice(80),
      });
    } else if (ra === BigInt(gatewayLogs.consumed)) {
      events.consumed.push({
        origin: asDomain(view.getUint32(0)),
        sender: bytes.slice(4, 36),
        destination: domain,
        recipient: bytes.slice(36, 68),
        index: view.getUint32(68),
      });
    } else if (ra === BigInt(gatewayLogs.deposited)) {
      events.deposits.push({ sponsor: asSponsor(bytes.slice(0, 32)), amount: view.getBigUint64(32) });
    }
  }
  return events;
};

/** Name of what the gateway reverts with. */
export const gatewayRevert = (code: bigint): string | undefined =>
  Object.entries(gatewayReverts).find(([, number]) => BigInt(number) === code)?.[0];
