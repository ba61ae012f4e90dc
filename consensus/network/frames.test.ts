import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes } from "../../protocol/bytes.ts";
import { createFrameReader, frameHeader } from "./frames.ts";

const limit = 100;
const messages = fc.array(fc.uint8Array({ maxLength: limit }), { maxLength: 20 });

test("messages come out as they went in, however the bytes were cut", () => {
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent, cuts) => {
      const bytes = concatBytes(...sent.flatMap((message) => [frameHeader(message.length), message]));
      const reader = createFrameReader(limit);
      const received: Uint8Array[] = [];
      let offset = 0;
      for (let i = 0; offset < bytes.length; i++) {
        const cut = cuts[i % cuts.length] as number;
        reader.push(bytes.subarray(offset, offset + cut));
        offset += cut;
        for (let next = reader.next(); next !== undefined; next = reader.next()) received.push(next);
      }
      expect(received).toEqual(sent);
      expect(reader.next()).toBeUndefined();
    }),
  );
});

test("a longer message is refused by its header alone", () => {
  const reader = createFrameReader(limit);
  reader.push(frameHeader(limit + 1));
  expect(() => reader.next()).toThrow(expect.objectContaining({ code: "frame_too_large" }));
});

test("a message has memory of its own", () => {
  const reader = createFrameReader(limit);
  const bytes = concatBytes(frameHeader(2), Uint8Array.of(1, 2));
  reader.push(bytes);
  const message = reader.next();
  bytes.fill(9);
  expect(message).toEqual(Uint8Array.of(1, 2));
});
