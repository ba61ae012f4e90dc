/** A sponsor of bundles takes back what it deposited at a tenant; signed by it, ordered as a control transaction. */
import { ByteVectorType, ContainerType } from "@chainsafe/ssz";
import { concatBytes, utf8 } from "./bytes.ts";
import { sha256 } from "./hash.ts";
import type { Domain, Height, Root, Sponsor } from "./ids.ts";
import { bytes32, sszObject, uint32, uint64, uint128 } from "./ssz.ts";

export type Withdrawal = {
  sponsor: Sponsor;
  /** Of the nonces of the sponsor's bundles. */
  nonce: number;
  /** Newest height at which it may be ordered. */
  notAfter: Height;
  domain: Domain;
  /** In the smallest unit of the tenant's currency; less is paid where less is left of what was deposited. */
  amount: bigint;
  /** Who is paid at the tenant; smaller addresses are padded with zeros in front. */
  recipient: Uint8Array;
  /** The sponsor's (Ed25519), under `withdrawalDigest`. */
  signature: Uint8Array;
};

const asked = {
  sponsor: bytes32,
  nonce: uint64,
  notAfter: uint64,
  domain: uint32,
  amount: uint128,
  recipient: bytes32,
};

export const Withdrawal = sszObject<Withdrawal>(
  "Withdrawal",
  new ContainerType({ ...asked, signature: new ByteVectorType(64) }),
);

type Unsigned = Omit<Withdrawal, "signature">;
const Asked = sszObject<Unsigned & { genesis: Root }>(
  "WithdrawalRequest",
  new ContainerType({ genesis: bytes32, ...asked }),
);

/** What the sponsor signs. */
export const withdrawalDigest = (genesis: Root, withdrawal: Unsigned): Root =>
  sha256(concatBytes(utf8("lockstep withdrawal"), Asked.encode({ genesis, ...withdrawal })));
