import fc from "fast-check";
import { expect, test } from "vitest";
import { createSendQueue } from "./sendQueue.ts";

test("the newest that fit stay, in order, and the rest is counted as dropped", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.constant("shift" as const)), { maxLength: 400 }),
      (steps) => {
        const queue = createSendQueue({ queueBytes: 100, queueMessages: 7 });
        let model: Uint8Array[] = [];
        const bytesOf = () => model.reduce((sum, { length }) => sum + length, 0);
        for (const step of steps) {
          if (step === "shift") {
            expect(queue.shift()).toEqual(model.shift());
          } else {
            model.push(step);
            let dropped = 0;
            while (bytesOf() > 100 || model.length > 7) {
              model = model.slice(1);
              dropped++;
            }
            expect(queue.push(step)).toBe(dropped);
          }
          expect([queue.bytes, queue.messages]).toEqual([bytesOf(), model.length]);
        }
        queue.clear();
        expect([queue.bytes, queue.messages, queue.shift()]).toEqual([0, 0, undefined]);
      },
    ),
  );
});
