/** Takes back what a sponsor of bundles has deposited. */
import { encodeControl } from "../protocol/control.ts";
import { LockstepError } from "../protocol/errors.ts";
import { asDomain, asHeight, type Height, type Root } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { withdrawalDigest } from "../protocol/withdrawal.ts";
import type { SponsorSigner } from "./sponsor.ts";

export type WithdrawalRequest = {
  sponsor: SponsorSigner;
  /** The tenant, and whom to pay there: an EVM address of 20 bytes, others of 32. */
  domain: number;
  recipient: Uint8Array;
  /** In the smallest unit of the tenant's currency. */
  amount: bigint;
  /** Another one than those of the sponsor's bundles and withdrawals under way. */
  nonce: number;
};

/** Heights between its order and its payment: a bundle that was approved before can't be executed any more then. */
export const withdrawalDelay = limits.bundleHeights;

const padded = (address: Uint8Array): Uint8Array => {
  if (address.length > 32) throw new LockstepError("bad_recipient", "an address has at most 32 bytes");
  const bytes = new Uint8Array(32);
  bytes.set(address, 32 - address.length);
  return bytes;
};

/** The control transaction, for the network with this genesis; it may be ordered until `notAfter`. */
export const signWithdrawal = async (
  genesis: Root,
  { sponsor, domain, recipient, amount, nonce }: WithdrawalRequest,
  notAfter: Height,
): Promise<Uint8Array> => {
  const asked = {
    ...{ sponsor: sponsor.sponsor, nonce, notAfter: asHeight(notAfter), domain: asDomain(domain), amount },
    recipient: padded(recipient),
  };
  const signature = await sponsor.sign(withdrawalDigest(genesis, asked));
  return encodeControl({ body: { kind: "withdraw", value: { ...asked, signature } }, signatures: [] });
};
