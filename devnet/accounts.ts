/** The accounts that every development network funds. Their keys are public: never use them elsewhere. */
import { createECDH, createHmac, createPrivateKey, createPublicKey, pbkdf2Sync } from "node:crypto";
import { getStarkKey, grindKey } from "@scure/starknet";
import { HDKey, mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { contract } from "../adapters/cairo/contracts/classes.ts";
import { contractAddress } from "../adapters/cairo/contracts/classHash.ts";
import { feltOf } from "../adapters/cairo/felt.ts";
import { toBase58 } from "../adapters/svm/base58.ts";
import { concatBytes, type Hex, toHex } from "../protocol/bytes.ts";
import { sha256 } from "../protocol/hash.ts";

export const mnemonic = "test test test test test test test test test test test junk";

export type Account = { address: Hex; privateKey: Hex };

/** Wei that each EVM account starts with: 10,000 ETH. */
export const evmBalance = 10_000n * 10n ** 18n;

/** Accounts m/44'/60'/0'/0/i of the mnemonic, as every EVM development tool derives them. */
export const evmAccounts = (count = 10): Account[] => {
  const parent = mnemonicToAccount(mnemonic, { path: "m/44'/60'/0'/0" }).getHdKey();
  return Array.from({ length: count }, (_, i) => {
    const { privateKey } = parent.deriveChild(i);
    if (privateKey === null) throw new Error("the mnemonic yields private keys");
    const secret = toHex(privateKey);
    return { address: privateKeyToAccount(secret).address, privateKey: secret };
  });
};

/** `secretKey` is seed and public key in base58, as Solana's wallets take it. */
export type SvmAccount = { address: string; secretKey: string };

/** Lamports that each SVM account starts with, 10,000 SOL, and those of the faucet. */
export const svmBalance = 10_000n * 10n ** 9n;
export const svmFaucetBalance = 100_000_000n * 10n ** 9n;

/** Index of the account that `requestAirdrop` sends from. */
const faucetIndex = 10;

/** BIP-39: the seed of a mnemonic without a passphrase. */
const seedOfMnemonic = (): Buffer => pbkdf2Sync(mnemonic, "mnemonic", 2048, 64, "sha512");

/** SLIP-10 for ed25519, where every step is hardened. */
export const deriveEd25519 = (seed: Uint8Array, path: readonly number[]): Uint8Array => {
  const hmac = (key: Uint8Array | string, data: Uint8Array): Buffer => createHmac("sha512", key).update(data).digest();
  let node = hmac("ed25519 seed", seed);
  for (const step of path) {
    const data = Buffer.alloc(37);
    data.set(node.subarray(0, 32), 1);
    data.writeUInt32BE(step + 0x8000_0000, 33);
    node = hmac(node.subarray(32), data);
  }
  return Uint8Array.from(node.subarray(0, 32));
};

/** PKCS #8 in front of an ed25519 seed. */
const seedPrefix = Buffer.from("302e020100300506032b657004220420", "hex");

const publicKeyOf = (seed: Uint8Array): Uint8Array => {
  const secret = createPrivateKey({ key: Buffer.concat([seedPrefix, seed]), format: "der", type: "pkcs8" });
  return Uint8Array.from(createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-32));
};

/** Seed of m/44'/501'/i'/0', as Solana's wallets derive it. */
const svmSeed = (index: number): Uint8Array => deriveEd25519(seedOfMnemonic(), [44, 501, index, 0]);

const svmAccount = (index: number): SvmAccount => {
  const seed = svmSeed(index);
  const publicKey = publicKeyOf(seed);
  return { address: toBase58(publicKey), secretKey: toBase58(concatBytes(seed, publicKey)) };
};

export const svmAccounts = (count = 10): SvmAccount[] => Array.from({ length: count }, (_, i) => svmAccount(i));

export const svmFaucet = (): { address: string; seed: Hex } => ({
  address: svmAccount(faucetIndex).address,
  seed: toHex(svmSeed(faucetIndex)),
});

export type CairoAccount = { address: Hex; privateKey: Hex; publicKey: Hex };

/** Fri that each Cairo account starts with: 1,000 STRK. */
export const cairoBalance = 1_000n * 10n ** 18n;

/** Accounts m/44'/9004'/0'/0/i of the mnemonic, ground to Stark keys; the salt of an address is the public key. */
export const cairoAccounts = (count = 10): CairoAccount[] => {
  const parent = mnemonicToAccount(mnemonic, { path: "m/44'/9004'/0'/0" as "m/44'/60'/0'/0" }).getHdKey();
  const { classHash } = contract("account");
  return Array.from({ length: count }, (_, i) => {
    const { privateKey: seed } = parent.deriveChild(i);
    if (seed === null) throw new Error("the mnemonic yields private keys");
    const privateKey = feltOf(BigInt(`0x${grindKey(seed)}`));
    const publicKey = feltOf(BigInt(getStarkKey(privateKey)));
    return { address: contractAddress({ classHash, salt: publicKey, calldata: [publicKey] }), privateKey, publicKey };
  });
};

/** What each Fuel account starts with, in the smallest unit of the base asset, and in how many coins of equal worth. */
export const fuelBalance = 10n ** 18n;
export const fuelCoins = 10;

/** Accounts m/44'/1179993420'/i'/0/0 of the mnemonic, as Fuel's wallets derive them. */
export const fuelAccounts = (count = 10): Account[] => {
  const master = HDKey.fromMasterSeed(seedOfMnemonic());
  return Array.from({ length: count }, (_, i) => {
    const { privateKey } = master.derive(`m/44'/1179993420'/${i}'/0/0`);
    if (privateKey === null) throw new Error("the mnemonic yields private keys");
    const pair = createECDH("secp256k1");
    pair.setPrivateKey(privateKey);
    return { address: toHex(sha256(pair.getPublicKey().subarray(1))), privateKey: toHex(privateKey) };
  });
};

/** The funded accounts of each VM that has some. */
export type Accounts = { evm?: Account[]; svm?: SvmAccount[]; cairo?: CairoAccount[]; fuel?: Account[] };

export const accountsOf = (vms: readonly string[]): Accounts => ({
  ...(vms.includes("evm") ? { evm: evmAccounts() } : {}),
  ...(vms.includes("svm") ? { svm: svmAccounts() } : {}),
  ...(vms.includes("cairo") ? { cairo: cairoAccounts() } : {}),
  ...(vms.includes("fuel") ? { fuel: fuelAccounts() } : {}),
});
