/** One message over a WebSocket of a tenant's JSON-RPC, and what came back for it. */
import { WebSocket } from "ws";
import type { Answer } from "./check.ts";

/** A call that is answered whatever happens to the one before it: with an error, since there is no such method. */
const last = JSON.stringify({ jsonrpc: "2.0", id: "last", method: "fuzz_last", params: [] });

/** An answer takes no longer as a rule; some messages get none. */
const usualMs = 250;

/** Answers to a message as one answer, in a list where they are several. Notifications are none. */
export const ask = (url: string, message: Uint8Array, patienceMs: number): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const answers: string[] = [];
    const timer = setTimeout(() => end(() => reject(new Error(`no answer within ${patienceMs} ms`))), patienceMs);
    let pause: NodeJS.Timeout | undefined;
    const conclude = (): void => {
      clearTimeout(pause);
      pause = undefined;
      if (socket.readyState === socket.OPEN) socket.send(last);
    };
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      clearTimeout(pause);
      socket.terminate();
      settle();
    };
    socket.on("open", () => {
      socket.send(message, { binary: false });
      pause = setTimeout(conclude, usualMs);
    });
    socket.on("message", (data) => {
      const text = data.toString();
      if (text.includes('"id":"last"')) end(() => resolve(answerOf(answers)));
      else if (!text.includes('"subscription":')) {
        answers.push(text);
        if (pause !== undefined) conclude();
      }
    });
    socket.on("error", (error) => end(() => reject(error)));
    socket.on("close", (code) => end(() => reject(new Error(`the WebSocket was closed with ${code}`))));
  });

const answerOf = (answers: readonly string[]): Answer => {
  const [only] = answers;
  if (only === undefined) return { status: 204, body: "" };
  return { status: 200, body: answers.length === 1 ? only : `[${answers.join(",")}]` };
};
