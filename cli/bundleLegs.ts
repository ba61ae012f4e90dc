/** From what a file says of a bundle to its legs and its sponsor, with each VM's usual library as the wallet. */
import { PublicKey, SystemProgram, TransactionInstruction } from "@solana/web3.js";
import { Address, ScriptTransactionRequest } from "fuels";
import type { ResourceBoundsBN } from "starknet";
import type { Hex } from "viem";
import { fromBase58 } from "../adapters/svm/base58.ts";
import type { LegDraft } from "../client/leg.ts";
import { type SponsorSigner, sponsorFrom } from "../client/sponsor.ts";
import { cairoLeg } from "../client/wallets/cairo.ts";
import { evmLeg } from "../client/wallets/evm.ts";
import { fuelLeg } from "../client/wallets/fuel.ts";
import { svmLeg } from "../client/wallets/svm.ts";
import { cairoAccounts, evmAccounts, fuelAccounts, svmAccounts } from "../devnet/accounts.ts";
import { cairoWallet, evmWallet, fuelWallet, svmWallet } from "../devnet/wallets.ts";
import { fromHex, toHex } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import type { BundleId } from "../protocol/ids.ts";
import type { TenantsWire } from "../protocol/wire.ts";
import { type BundleFile, type FileLeg, namesBundle, withBundle } from "./bundleFile.ts";

type Tenant = { domain: number; rpc: string };

/** Of one VM, what its kind of leg says. */
type LegOf<Vm extends FileLeg["vm"]> = Extract<FileLeg, { vm: Vm }>;

/** The account of a devnet that a key names, if it names one. */
const devAccount = <T>(key: string, accounts: () => readonly T[]): T | undefined =>
  key.startsWith("dev:") ? accounts()[Number(key.slice(4))] : undefined;

const hexOf = (id: BundleId): string => toHex(id).slice(2);

const evmDraft = ({ key, to, value, data, gas }: LegOf<"evm">, { domain, rpc }: Tenant): LegDraft => {
  const privateKey = devAccount(key, evmAccounts)?.privateKey ?? (key as Hex);
  return evmLeg(evmWallet(rpc, privateKey, domain), {
    to: to as Hex,
    ...(value === undefined ? {} : { value: BigInt(value) }),
    ...(data === undefined ? {} : { data: (id) => withBundle(data, hexOf(id)) as Hex }),
    ...(gas === undefined ? {} : { gas: BigInt(gas) }),
  });
};

const publicKey = (text: string): PublicKey => {
  const bytes = fromBase58(text, 32);
  if (bytes === undefined) throw new LockstepError("bad_file", `${text} is no SVM address of 32 bytes in base58.`);
  return new PublicKey(bytes);
};

const secretKey = (key: string): string => {
  const text = devAccount(key, svmAccounts)?.secretKey ?? key;
  if (fromBase58(text, 64) !== undefined) return text;
  throw new LockstepError("bad_file", "A secret key of the SVM has 64 bytes in base58: seed and public key.");
};

const svmDraft = ({ key, pay, instructions = [], units }: LegOf<"svm">, { domain, rpc }: Tenant): LegDraft => {
  const { connection, keypair } = svmWallet(rpc, secretKey(key));
  const fromPubkey = keypair.publicKey;
  const payments = pay
    ? [SystemProgram.transfer({ fromPubkey, toPubkey: publicKey(pay.to), lamports: BigInt(pay.lamports) })]
    : [];
  const instructionsFor = (id: BundleId): TransactionInstruction[] => [
    ...payments,
    ...instructions.map(
      ({ program, accounts, data }) =>
        new TransactionInstruction({
          programId: publicKey(program),
          keys: accounts.map(({ address, signer, writable }) => ({
            ...{ pubkey: publicKey(address), isSigner: signer, isWritable: writable },
          })),
          data: Buffer.from(fromHex(withBundle(data, hexOf(id))) ?? new Uint8Array()),
        }),
    ),
  ];
  return svmLeg(domain, connection, {
    instructions: instructionsFor,
    signers: [keypair],
    ...(units === undefined ? {} : { units }),
  });
};

/** Up to so much of the fee token for each gas, as much as accounts of a devnet can pay. */
const cairoBounds = (l2Gas: bigint): ResourceBoundsBN => ({
  l1_gas: { max_amount: 0n, max_price_per_unit: 10n ** 14n },
  l1_data_gas: { max_amount: 10_000n, max_price_per_unit: 10n ** 12n },
  l2_gas: { max_amount: l2Gas, max_price_per_unit: 10n ** 10n },
});

const cairoDraft = ({ key, account, calls, l2Gas }: LegOf<"cairo">, { domain, rpc }: Tenant): LegDraft => {
  const own = devAccount(key, cairoAccounts) ?? (account && { address: account as Hex, privateKey: key as Hex });
  if (!own) throw new LockstepError("bad_file", "A leg on Cairo needs the address of its account, as `account`.");
  const callsFor = (id?: BundleId) =>
    calls.map(({ contract, entrypoint, calldata }) => ({
      contractAddress: contract,
      entrypoint,
      calldata: calldata.map((felt) => (id === undefined ? felt : withBundle(felt, hexOf(id)))),
    }));
  const isFixed = !calls.some(({ calldata }) => calldata.some(namesBundle));
  return cairoLeg(domain, cairoWallet(rpc, own.address, own.privateKey), {
    calls: isFixed ? callsFor() : callsFor,
    ...(l2Gas === undefined ? {} : { resourceBounds: cairoBounds(BigInt(l2Gas)) }),
  });
};

const fuelDraft = async ({ key, pay }: LegOf<"fuel">, { domain, rpc }: Tenant): Promise<LegDraft> => {
  const wallet = fuelWallet(rpc, devAccount(key, fuelAccounts)?.privateKey ?? (key as Hex));
  const request = new ScriptTransactionRequest();
  const asset = pay.asset ?? (await wallet.provider.getBaseAssetId());
  request.addCoinOutput(new Address(pay.to), pay.amount, asset);
  return fuelLeg(domain, wallet, { request });
};

const draftOf = async (leg: FileLeg, tenant: Tenant): Promise<LegDraft> => {
  switch (leg.vm) {
    case "evm":
      return evmDraft(leg, tenant);
    case "svm":
      return svmDraft(leg, tenant);
    case "cairo":
      return cairoDraft(leg, tenant);
    case "fuel":
      return await fuelDraft(leg, tenant);
  }
};

/** The tenant that a leg is for: the one it names, or the only one of its VM. */
const tenantOf = (leg: FileLeg, tenants: TenantsWire): Tenant => {
  const suitable = tenants.filter(({ vm, status }) => vm === leg.vm && status === "active");
  const found = leg.domain === undefined ? suitable : suitable.filter(({ domain }) => domain === leg.domain);
  const [only] = found;
  if (only?.rpc !== undefined && found.length === 1) return { domain: only.domain, rpc: only.rpc };
  const known = suitable.map(({ domain }) => domain).join(", ") || "none";
  const asked = leg.domain === undefined ? `one tenant of ${leg.vm}` : `tenant ${leg.domain} of ${leg.vm}`;
  throw new LockstepError("bad_file", `A leg is for ${asked} with an RPC at this node, which has: ${known}.`);
};

/** What the libraries throw has many lines, and says the most in the first. */
const sentence = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0]?.trim() ?? "";

/** Drafts whose errors say which leg they are of. */
const named = (draft: LegDraft, which: string): LegDraft => ({
  domain: draft.domain,
  prepare: async () => {
    try {
      return await draft.prepare();
    } catch (cause) {
      throw new LockstepError("bundle_leg", `${which} can't be prepared: ${sentence(cause)}`, {}, cause);
    }
  },
});

/** @throws LockstepError `bad_file` */
export const draftBundle = async (
  { sponsor, legs }: BundleFile,
  tenants: TenantsWire,
): Promise<{ sponsor: SponsorSigner; legs: LegDraft[] }> => {
  const drafts: LegDraft[] = [];
  for (const [i, leg] of legs.entries()) {
    drafts.push(named(await draftOf(leg, tenantOf(leg, tenants)), `Leg ${i}, on ${leg.vm},`));
  }
  return { sponsor: sponsorFrom(fromBase58(secretKey(sponsor), 64) ?? new Uint8Array()), legs: drafts };
};
