/** Sends random, truncated, extended and oversized bytes between its honest messages. */
import { concatBytes } from "../../../protocol/bytes.ts";
import { encodeMessage, messageTypes } from "../../simplex/codec.ts";
import { distort } from "./adversary.ts";

export const garbageSender = distort(({ random }) => (message) => {
  const whole = encodeMessage(message);
  const type = Uint8Array.of(1 + random.below(messageTypes.length));
  return [
    random.bytes(random.below(400)),
    concatBytes(type, random.bytes(random.below(400))),
    whole.subarray(0, random.below(whole.length)),
    concatBytes(whole, random.bytes(1)),
    new Uint8Array(100_000),
    message,
  ];
});
