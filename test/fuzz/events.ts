/** One request to a stream of server-sent events, and what came back at first. */
import { request } from "node:http";
import type { Answer } from "./check.ts";

/** What is to come of itself has come by then; a stream may stay open for good. */
const usualMs = 250;

/** Frames as one list; the body as it is where the answer is no stream. */
export const listen = (url: string, body: Uint8Array, patienceMs: number): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent: false, headers: { "content-length": body.length } });
    sent.setTimeout(patienceMs, () => sent.destroy(new Error(`no answer within ${patienceMs} ms`)));
    sent.on("error", reject);
    sent.on("response", (response) => {
      const status = response.statusCode ?? 0;
      const isStream = response.headers["content-type"] === "text/event-stream";
      let text = "";
      const end = (): void => {
        clearTimeout(timer);
        const whole = text.slice(0, text.lastIndexOf("\n\n") + 1);
        const frames = whole.split("\n").flatMap((line) => (line.startsWith("data:") ? [line.slice(5)] : []));
        resolve({ status, body: isStream ? `[${frames.join(",")}]` : text });
        response.destroy();
      };
      const timer = isStream ? setTimeout(end, usualMs) : undefined;
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", end);
      response.on("error", reject);
    });
    sent.end(body);
  });
