/** The least that sends a request and reads its answer, so that the client costs little of the machine. */
import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true, noDelay: true });
const answerMs = 120_000;

/** @throws Error when no answer comes, or it isn't one of 2xx */
export const post = (url: string, contentType: string, body: Uint8Array): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const headers = { "content-type": contentType, "content-length": body.length };
    const sent = request(url, { method: "POST", agent, headers, timeout: answerMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode = 0 } = response;
        if (statusCode < 200 || statusCode > 299) reject(new Error(`${url}: ${statusCode} ${text.slice(0, 300)}`));
        else resolve(JSON.parse(text));
      });
    });
    sent.once("timeout", () => sent.destroy(new Error(`${url} gave no answer in ${answerMs} ms`)));
    sent.once("error", reject);
    sent.end(body);
  });

type RpcAnswer = { result?: unknown; error?: { message: string } };

/** Calls of one JSON-RPC method, as one batch. */
export const rpcBatch = (method: string, params: readonly unknown[]): Buffer =>
  Buffer.from(JSON.stringify(params.map((each, id) => ({ jsonrpc: "2.0", id, method, params: each }))));

const resultOf = (method: string, { result, error }: RpcAnswer): unknown => {
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return result;
};

/** @throws Error also when one of the calls fails */
export const callAll = async (url: string, method: string, params: readonly unknown[]): Promise<unknown[]> => {
  const answers = (await post(url, "application/json", rpcBatch(method, params))) as RpcAnswer[];
  return answers.map((answer) => resultOf(method, answer));
};

export const call = async (url: string, method: string, params: unknown): Promise<unknown> => {
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 0, method, params }));
  return resultOf(method, (await post(url, "application/json", body)) as RpcAnswer);
};
