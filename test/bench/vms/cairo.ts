/** STRK transfers: an invoke of version 3 each, one call. */
import { strkAddress } from "../../../adapters/cairo/genesis.ts";
import { bounds, domain, invoke } from "../../../adapters/cairo/testChain.ts";
import { type CairoAccount, cairoAccounts } from "../../../devnet/accounts.ts";
import { octetsTo } from "../bodies.ts";
import { recipients, type VmPart } from "./part.ts";

/** L2 gas that a transfer may use: some more than it does. What it doesn't use flows back to the tenant's capacity. */
const l2Gas = 1_200_000n;

const recipientAt = (index: number): bigint => 0x51f7_0000n + BigInt(index % recipients);

export const cairo: VmPart = {
  batch: 25,
  perBlock: 100,
  sign: async (sender, count) => {
    const account = cairoAccounts()[sender] as CairoAccount;
    return Array.from({ length: count }, (_, nonce) => {
      const transfer = { to: strkAddress, entrypoint: "transfer", calldata: [recipientAt(nonce), 1, 0] };
      return invoke(account, { nonce, bounds: bounds(l2Gas) }, transfer).bytes;
    });
  },
  request: (batch, { api }) => octetsTo(api, domain, batch),
};
