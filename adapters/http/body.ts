/** Reading the body of a request within bounds. */
import type { IncomingMessage } from "node:http";
import type { Holding } from "./budget.ts";

export type BodyLimits = {
  /** Bytes of one body. */
  readonly requestBytes: number;
  /** An oversized body is read and thrown away up to here, so that its sender can read the refusal. */
  readonly discardedBytes: number;
};

/** Reads a body; its bytes are held, and stay held when it is returned. */
export const readBody = (
  request: IncomingMessage,
  holding: Holding,
  limits: BodyLimits,
): Promise<Buffer | "oversized" | "busy" | "aborted"> =>
  new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let received = 0;
    let held = 0;
    let refused: "oversized" | "busy" | undefined;
    const release = (): void => {
      holding.give(held);
      held = 0;
      chunks = [];
    };
    request.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received > limits.discardedBytes) {
        request.destroy();
        return;
      }
      if (refused !== undefined) return;
      if (received > limits.requestBytes) refused = "oversized";
      else if (!holding.take(chunk.length)) refused = "busy";
      if (refused !== undefined) {
        release();
        return;
      }
      held += chunk.length;
      chunks.push(chunk);
    });
    request.once("end", () => resolve(refused ?? Buffer.concat(chunks, held)));
    request.once("close", () => {
      if (!request.complete) resolve("aborted");
    });
    request.on("error", () => request.destroy());
  });
