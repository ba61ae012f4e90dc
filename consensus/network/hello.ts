/**
 * What peers tell each other first: which network they belong to and which validator they are. The
 * signature binds the key to both ends of this encrypted connection, so it is of no use elsewhere.
 */
import { ByteListType, ByteVectorType, ContainerType } from "@chainsafe/ssz";
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import {
  asEpoch,
  asValidatorIndex,
  type PublicKey,
  type Root,
  type Signature,
  type ValidatorIndex,
} from "../../protocol/ids.ts";
import { type SigningContext, signingRoot } from "../../protocol/signing.ts";
import { bytes32, bytes48, bytes96, sszObject } from "../../protocol/ssz.ts";
import type { BlsSigner, BlsVerifier } from "../certificate/bls.ts";

export const sessionBytes = 16;
const bytes16 = new ByteVectorType(sessionBytes);
const peerId = new ByteListType(128);

export type Hello = {
  genesis: Root;
  /** Fresh for every start of a process: tells a restarted peer from a second connection. */
  session: Uint8Array;
  publicKey: PublicKey;
  signature: Signature;
};

export const Hello = sszObject<Hello>(
  "Hello",
  new ContainerType({ genesis: bytes32, session: bytes16, publicKey: bytes48, signature: bytes96 }),
);

/** libp2p ids (multihash bytes) of who says hello and of who hears it. */
export type Ends = { from: Uint8Array; to: Uint8Array };

const Binding = sszObject<Ends & { session: Uint8Array }>(
  "Binding",
  new ContainerType({ from: peerId, to: peerId, session: bytes16 }),
);

const contextOf = (genesis: Root, session: Uint8Array, ends: Ends): SigningContext => ({
  genesis,
  kind: "peer",
  epoch: asEpoch(0),
  slot: 0,
  revision: 0,
  root: Binding.root({ ...ends, session }),
});

export const sayHello = (signer: BlsSigner, genesis: Root, session: Uint8Array, ends: Ends): Uint8Array =>
  Hello.encode({
    genesis,
    session,
    publicKey: signer.publicKey,
    signature: signer.sign(signingRoot(contextOf(genesis, session, ends))),
  });

export type HelloRefusal = "undecodable" | "other_genesis" | "unknown_key" | "bad_proof";

/** Which of `validators` said hello, or why that is not shown. */
export const hearHello = async (
  bls: BlsVerifier,
  validators: readonly PublicKey[],
  genesis: Root,
  ends: Ends,
  bytes: Uint8Array,
): Promise<Result<{ validator: ValidatorIndex; session: Uint8Array }, HelloRefusal>> => {
  let hello: Hello;
  try {
    hello = Hello.decode(bytes);
  } catch (error) {
    if (error instanceof LockstepError) return failure("undecodable", error.message);
    throw error;
  }
  if (!equalBytes(hello.genesis, genesis)) {
    const theirs = toHex(hello.genesis);
    return failure("other_genesis", `the peer belongs to the network ${theirs}, this is ${toHex(genesis)}`, { theirs });
  }
  const validator = validators.findIndex((key) => equalBytes(key, hello.publicKey));
  if (validator === -1) {
    const publicKey = toHex(hello.publicKey);
    return failure("unknown_key", `no validator has the key ${publicKey}`, { publicKey });
  }
  const root = signingRoot(contextOf(genesis, hello.session, ends));
  if (!(await bls.verify(hello.publicKey, root, hello.signature))) {
    return failure("bad_proof", `the peer doesn't prove that it holds the key of validator ${validator}`, {
      validator,
    });
  }
  return success({ validator: asValidatorIndex(validator), session: hello.session });
};
