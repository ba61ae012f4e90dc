/** Branded numbers and digests: what must never be mixed up has a type of its own. */

declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Tenant id, namespace id and message domain in one (u32). 0 is the control ledger. */
export type Domain = Brand<number, "Domain">;
/** Shared height: one number for all tenants. Genesis is 0. */
export type Height = Brand<number, "Height">;
/** Simplex view within an epoch. 0 stands for the block that the epoch starts from. */
export type View = Brand<number, "View">;
export type Epoch = Brand<number, "Epoch">;
/** Recovery revision under which a height is executed; 0 unless the validators signed a recovery. */
export type Revision = Brand<number, "Revision">;
/** Position in the validator set of an epoch. */
export type ValidatorIndex = Brand<number, "ValidatorIndex">;
/** 32 bytes: an SSZ root or a sha256. */
export type Root = Brand<Uint8Array, "Root">;
/** Compressed BLS12-381 G1 point, 48 bytes. */
export type PublicKey = Brand<Uint8Array, "PublicKey">;
/** Compressed BLS12-381 G2 point, 96 bytes. */
export type Signature = Brand<Uint8Array, "Signature">;

/** What names a bundle: 32 bytes, the first of them zero. */
export type BundleId = Brand<Uint8Array, "BundleId">;
/** Ed25519 public key of who pays for bundles, 32 bytes. */
export type Sponsor = Brand<Uint8Array, "Sponsor">;

export const asDomain = (value: number): Domain => value as Domain;
export const asHeight = (value: number): Height => value as Height;
export const asView = (value: number): View => value as View;
export const asEpoch = (value: number): Epoch => value as Epoch;
export const asRevision = (value: number): Revision => value as Revision;
export const asValidatorIndex = (value: number): ValidatorIndex => value as ValidatorIndex;
export const asRoot = (value: Uint8Array): Root => value as Root;
export const asPublicKey = (value: Uint8Array): PublicKey => value as PublicKey;
export const asSignature = (value: Uint8Array): Signature => value as Signature;
export const asBundleId = (value: Uint8Array): BundleId => value as BundleId;
export const asSponsor = (value: Uint8Array): Sponsor => value as Sponsor;

export const zeroRoot: Root = asRoot(new Uint8Array(32));
