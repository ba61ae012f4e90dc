/** The gateway of an EVM tenant: where it is, what it is called with, and what it says. */
import { decodeErrorResult, decodeEventLog, encodeFunctionData } from "viem";
import type { SyncKey, SyncMessage } from "../../../protocol/bundle.ts";
import { fromHex, type Hex, toHex } from "../../../protocol/bytes.ts";
import { asDomain, asSponsor, type BundleId, type Domain, type Sponsor } from "../../../protocol/ids.ts";
import { gatewayAbi } from "./gatewayArtefact.ts";

/** "Lockstep" in ASCII. */
export const gatewayAddress: Hex = "0x0000000000000000000000004c6f636b73746570";

/** "Bundle" in ASCII; no code is there. A transaction whose access list names it is a leg of a bundle. */
export const markerAddress: Hex = "0x000000000000000000000000000042756e646c65";

const bytesOf = (hex: Hex): Uint8Array => fromHex(hex) ?? new Uint8Array();

/** An address in the 32 bytes that messages have for one. */
export const addressBytes = (address: Hex): Uint8Array => {
  const padded = new Uint8Array(32);
  padded.set(bytesOf(address), 12);
  return padded;
};

/** Calldata of what the sequencer says. */
export const setBundleCall = (id: BundleId | undefined): Uint8Array =>
  bytesOf(encodeFunctionData({ abi: gatewayAbi, functionName: "setBundle", args: [toHex(id ?? new Uint8Array(32))] }));

export const deliverCall = ({ origin, sender, recipient, index, body }: SyncMessage): Uint8Array =>
  bytesOf(
    encodeFunctionData({
      abi: gatewayAbi,
      functionName: "deliver",
      args: [origin, toHex(sender), toHex(recipient), index, toHex(body)],
    }),
  );

/** @param recipient 20 bytes */
export const releaseCall = (recipient: Uint8Array, amount: bigint): Uint8Array =>
  bytesOf(encodeFunctionData({ abi: gatewayAbi, functionName: "release", args: [toHex(recipient), amount] }));

/** What the gateway said in a transaction, in order. */
export type GatewayEvents = {
  sent: SyncMessage[];
  consumed: SyncKey[];
  deposits: { sponsor: Sponsor; amount: bigint }[];
};

type Log = { address: Hex; topics: readonly Hex[]; data: Hex };

/** Reads the gateway's events out of a transaction's logs. */
export const gatewayEvents = (domain: Domain, logs: readonly Log[]): GatewayEvents => {
  const events: GatewayEvents = { sent: [], consumed: [], deposits: [] };
  for (const { address, topics, data } of logs) {
    if (address.toLowerCase() !== gatewayAddress) continue;
    const { eventName, args } = decodeEventLog({ abi: gatewayAbi, topics: [...topics] as [Hex, ...Hex[]], data });
    if (eventName === "SyncSent") {
      const { destination, sender, recipient, index, body } = args;
      events.sent.push({
        origin: domain,
        sender: bytesOf(sender),
        destination: asDomain(destination),
        recipient: bytesOf(recipient),
        index,
        body: bytesOf(body),
      });
    } else if (eventName === "SyncConsumed") {
      const { origin, sender, recipient, index } = args;
      events.consumed.push({
        origin: asDomain(origin),
        sender: bytesOf(sender),
        destination: domain,
        recipient: bytesOf(recipient),
        index,
      });
    } else if (eventName === "Deposited") {
      events.deposits.push({ sponsor: asSponsor(bytesOf(args.sponsor)), amount: args.amount });
    }
  }
  return events;
};

/** What a call reverted with, in words: Solidity's own errors, those of the gateway, else hexadecimal. */
export const describeRevert = (output: Hex): string => {
  try {
    const { errorName, args } = decodeErrorResult({ abi: gatewayAbi, data: output });
    return `${errorName}(${(args ?? []).join(", ")})`;
  } catch {
    return output === "0x" ? "reverted" : `reverted with ${output}`;
  }
};
