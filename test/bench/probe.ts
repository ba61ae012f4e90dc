/** A process that submits single transactions, one after the other, and sees when each gets how far. */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { decodeWire, TransactionWire } from "../../protocol/wire.ts";
import { octets } from "./bodies.ts";
import { followHeights, type Heights } from "./heights.ts";
import { post } from "./http.ts";
import { serve } from "./worker.ts";

export type Probe = {
  /** Validators that take turns. Each transaction is followed at the one that took it in. */
  apis: readonly string[];
  domain: number;
  count: number;
  bytes: number;
  /** From one answer to the next submission, on average: half to one and a half of it, so as not to beat in time with blocks. */
  pauseMs: number;
};

/** Milliseconds since its submission, for each transaction. */
export type ProbeTimes = { acknowledged: number[]; finalized: number[]; executed: number[]; certified: number[] };

/** Its multiples fall evenly between whole numbers, in no simple rhythm. */
const goldenRatio = 0.618_033_988_749_895;

type Sample = { id: string; heights: Heights; api: string; submitted: number; acknowledged: number };

const heightOf = async ({ api, id, heights }: Sample): Promise<number> => {
  let height: number | undefined;
  const ask = async () => {
    const answer = decodeWire(TransactionWire, await (await fetch(`${api}/v1/transactions/${id}`)).json());
    if (!answer.ok) throw new Error(answer.error.message);
    if (answer.value.status === "executed") height = answer.value.height;
    return height;
  };
  while ((await ask()) === undefined) await pause(100);
  const found = height ?? 0;
  await heights.until(() => heights.certifiedAt(found) !== undefined);
  return found;
};

const submitOne = async (url: string, bytes: number): Promise<string> => {
  const [answer] = (await post(url, "application/octet-stream", octets([randomBytes(bytes)]))) as {
    id?: string;
    error?: { message: string };
  }[];
  if (answer?.id === undefined) throw new Error(`${url}: ${answer?.error?.message}`);
  return answer.id;
};

serve(async ({ apis, domain, count, bytes, pauseMs }: Probe): Promise<ProbeTimes> => {
  const followed = await Promise.all(apis.map(async (api) => ({ api, heights: await followHeights(api) })));
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const { api, heights } = followed[i % followed.length] as (typeof followed)[number];
    await pause(pauseMs * (0.5 + ((i * goldenRatio) % 1)));
    const submitted = performance.now();
    const id = await submitOne(`${api}/v1/transactions?domain=${domain}`, bytes);
    samples.push({ id, heights, api, submitted, acknowledged: performance.now() });
  }
  const times: ProbeTimes = { acknowledged: [], finalized: [], executed: [], certified: [] };
  for (const sample of samples) {
    const { submitted, heights } = sample;
    const height = await heightOf(sample);
    times.acknowledged.push(sample.acknowledged - submitted);
    times.finalized.push((heights.finalizedAt(height) ?? Number.NaN) - submitted);
    times.executed.push((heights.executedAt(height) ?? Number.NaN) - submitted);
    times.certified.push((heights.certifiedAt(height) ?? Number.NaN) - submitted);
  }
  for (const { heights } of followed) heights.close();
  return times;
});
