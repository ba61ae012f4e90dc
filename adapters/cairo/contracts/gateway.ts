/** The gateway of a Cairo tenant: where it is, what it is called with, and what it says. */
import type { SyncKey, SyncMessage } from "../../../protocol/bundle.ts";
import { concatBytes, type Hex, toHex } from "../../../protocol/bytes.ts";
import { asDomain, asSponsor, type BundleId, type Domain, type Sponsor } from "../../../protocol/ids.ts";
import { feltBytes, feltOf } from "../felt.ts";
import { selectorOf } from "./classHash.ts";

/** "Lockstep" in ASCII. */
export const gatewayAddress: Hex = "0x4c6f636b73746570";

/** A call of `require_bundle` that comes first in an account's `Array<Call>` marks a transaction as a leg. */
export const requireBundleSelector = selectorOf("require_bundle");
export const setBundleSelector = selectorOf("set_bundle");
export const deliverSelector = selectorOf("deliver");
export const releaseSelector = selectorOf("release");

const wordBytes = 31;
const half = 128n;

const integerOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(toHex(bytes)));

/** A u256 as Cairo has it: the low 128 bits first. */
export const u256Felts = (bytes: Uint8Array): Hex[] => {
  const value = integerOf(bytes);
  return [feltOf(value & ((1n << half) - 1n)), feltOf(value >> half)];
};

const u256Bytes = (low: Hex, high: Hex): Uint8Array => {
  const bytes = new Uint8Array(32);
  bytes.set(feltBytes(high).subarray(16), 0);
  bytes.set(feltBytes(low).subarray(16), 16);
  return bytes;
};

const wordsOf = (body: Uint8Array): Hex[] =>
  Array.from({ length: Math.ceil(body.length / wordBytes) }, (_, i) =>
    feltOf(integerOf(body.subarray(i * wordBytes, (i + 1) * wordBytes))),
  );

/** A `ByteArray` as calls and events have it. */
export const byteArrayFelts = (body: Uint8Array): Hex[] => {
  const whole = Math.floor(body.length / wordBytes);
  const rest = body.subarray(whole * wordBytes);
  return [feltOf(whole), ...wordsOf(body.subarray(0, whole * wordBytes)), feltOf(integerOf(rest)), feltOf(rest.length)];
};

const byteArrayBytes = (felts: readonly Hex[]): Uint8Array => {
  const whole = Number(felts[0]);
  const words = felts.slice(1, 1 + whole).map((word) => feltBytes(word).subarray(32 - wordBytes));
  const length = Number(felts[2 + whole] ?? 0);
  return concatBytes(...words, feltBytes(felts[1 + whole] ?? "0x0").subarray(32 - length));
};

/** Payloads of what the sequencer says. */
export const setBundlePayload = (id: BundleId | undefined): Hex[] => [feltOf(id === undefined ? 0n : integerOf(id))];

export const deliverPayload = ({ origin, sender, recipient, index, body }: SyncMessage): Hex[] => {
  const words = wordsOf(body);
  return [
    feltOf(origin),
    ...u256Felts(sender),
    ...u256Felts(recipient),
    feltOf(index),
    feltOf(body.length),
    feltOf(words.length),
    ...words,
  ];
};

/** Addresses are below this (https://docs.starknet.io/architecture/cryptography/hash-functions, `L2_ADDRESS_UPPER_BOUND`). */
const addressBound = 2n ** 251n - 256n;

export const isPayable = (recipient: Uint8Array): boolean =>
  integerOf(recipient) > 1n && integerOf(recipient) < addressBound;

export const releasePayload = (recipient: Uint8Array, amount: bigint): Hex[] => [
  feltOf(integerOf(recipient)),
  feltOf(amount & ((1n << half) - 1n)),
  feltOf(amount >> half),
];

/** Calldata of what contracts call. */
export const sendSyncCalldata = (
  destination: Domain,
  recipient: Uint8Array,
  index: number,
  body: Uint8Array,
): Hex[] => [feltOf(destination), ...u256Felts(recipient), feltOf(index), ...byteArrayFelts(body)];

export const consumeCalldata = (origin: Domain, sender: Uint8Array, index: number): Hex[] => [
  feltOf(origin),
  ...u256Felts(sender),
  feltOf(index),
];

const sentKey = selectorOf("SyncSent");
const consumedKey = selectorOf("SyncConsumed");
const depositedKey = selectorOf("Deposited");

/** What the gateway said in a transaction, in order. */
export type GatewayEvents = {
  sent: SyncMessage[];
  consumed: SyncKey[];
  deposits: { sponsor: Sponsor; amount: bigint }[];
};

type Event = { from_address: Hex; keys: readonly Hex[]; data: readonly Hex[] };

/** Reads the gateway's events out of a transaction's. */
export const gatewayEvents = (domain: Domain, events: readonly Event[]): GatewayEvents => {
  const said: GatewayEvents = { sent: [], consumed: [], deposits: [] };
  for (const { from_address, keys, data } of events) {
    if (from_address !== gatewayAddress) continue;
    const felt = (i: number): Hex => data[i] ?? "0x0";
    if (keys[0] === sentKey) {
      said.sent.push({
        origin: domain,
        sender: feltBytes(felt(1)),
        destination: asDomain(Number(felt(0))),
        recipient: u256Bytes(felt(2), felt(3)),
        index: Number(felt(4)),
        body: byteArrayBytes(data.slice(5)),
      });
    } else if (keys[0] === consumedKey) {
      said.consumed.push({
        origin: asDomain(Number(felt(0))),
        sender: u256Bytes(felt(1), felt(2)),
        destination: domain,
        recipient: feltBytes(felt(3)),
        index: Number(felt(4)),
      });
    } else if (keys[0] === depositedKey) {
      const sponsor = asSponsor(u256Bytes(felt(0), felt(1)));
      said.deposits.push({ sponsor, amount: integerOf(u256Bytes(felt(2), felt(3))) });
    }
  }
  return said;
};
