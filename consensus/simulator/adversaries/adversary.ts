/** A validator that runs the production code, but whose messages somebody changes on their way out. */
import type { Root, ValidatorIndex } from "../../../protocol/ids.ts";
import type { Network } from "../../../protocol/ports.ts";
import { signingRoot } from "../../../protocol/signing.ts";
import type { BlsSigner } from "../../certificate/bls.ts";
import { decodeMessage, encodeMessage } from "../../simplex/codec.ts";
import { contextOf, type Message, type Statement, type Vote } from "../../simplex/statement.ts";
import type { Random } from "../random.ts";

export type Body = {
  readonly self: ValidatorIndex;
  readonly genesis: Root;
  readonly signer: BlsSigner;
  readonly random: Random;
};

/** Turns a node's honest port into what its peers get to feel. */
export type Adversary = (port: Network, body: Body) => Network;

/** What goes to `to` in place of an honest consensus message: bytes, or messages to encode. */
export type Distortion = (message: Message, to: ValidatorIndex) => readonly (Message | Uint8Array)[];

export const distort =
  (distortionOf: (body: Body) => Distortion): Adversary =>
  (port, body) => {
    const distortion = distortionOf(body);
    const members = (): ValidatorIndex[] => port.peers();
    const send: Network["send"] = (to, channel, bytes) => {
      if (channel !== "consensus") {
        port.send(to, channel, bytes);
        return;
      }
      for (const said of distortion(decodeMessage(bytes), to)) {
        port.send(to, channel, said instanceof Uint8Array ? said : encodeMessage(said));
      }
    };
    return {
      ...port,
      send,
      broadcast: (channel, bytes) => {
        for (const to of members()) send(to, channel, bytes);
      },
    };
  };

/** A genuine signature of the adversary under anything. */
export const signed = ({ signer, self, genesis }: Body, statement: Statement): Vote => ({
  ...statement,
  signer: self,
  signature: signer.sign(signingRoot(contextOf(genesis, statement))),
});
