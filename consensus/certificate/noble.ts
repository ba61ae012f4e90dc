/** BLS by noble, in portable JavaScript: for browsers, and an oracle for blst in tests. */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import type { PublicKey, Signature } from "../../protocol/ids.ts";
import { possessionMessage, signatureDst } from "../../protocol/signing.ts";
import type { BlsVerifier } from "./bls.ts";
import { createKeyCache } from "./keys.ts";

const { longSignatures, G1 } = bls12_381;
type Key = InstanceType<typeof G1.Point>;

/** Parsing a point checks its group as well. */
const parseKey = (bytes: PublicKey): Key => {
  const point = G1.Point.fromBytes(bytes);
  if (point.is0()) throw new Error("the key is infinity");
  return point;
};

const parseSignature = (bytes: Signature) => {
  if (bytes.length !== 96) throw new Error(`a signature has 96 bytes, not ${bytes.length}`);
  const point = longSignatures.Signature.fromBytes(bytes);
  if (point.is0()) throw new Error("the signature is infinity");
  return point;
};

export const createNobleVerifier = (): BlsVerifier => {
  const keyOf = createKeyCache(parseKey);

  const verifyAggregate: BlsVerifier["verifyAggregate"] = async (publicKeys, message, signature) => {
    let sum = G1.Point.ZERO;
    for (const publicKey of publicKeys) {
      const key = keyOf(publicKey);
      if (key === undefined) return false;
      sum = sum.add(key);
    }
    if (sum.is0()) return false;
    try {
      return longSignatures.verify(parseSignature(signature), longSignatures.hash(message, signatureDst), sum);
    } catch {
      return false;
    }
  };

  return {
    verify: (publicKey, message, signature) => verifyAggregate([publicKey], message, signature),
    verifyAggregate,
    verifyPossession: (publicKey, possession) => verifyAggregate([publicKey], possessionMessage(publicKey), possession),
  };
};
