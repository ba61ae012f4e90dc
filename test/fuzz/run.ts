/** Sends attempts to a devnet and watches what becomes of it. */
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import type { DevnetReady } from "../../devnet/ready.ts";
import { status, transaction, until } from "../e2e/api.ts";
import { type Acknowledged, createLoad } from "../e2e/load.ts";
import { executorsOf } from "../e2e/processes.ts";
import { type Attempt, attemptOf } from "./attempt.ts";
import { type Answer, faultOf } from "./check.ts";
import { listen } from "./events.ts";
import { createGenerators } from "./generator.ts";
import { ask } from "./socket.ts";

export type FuzzOptions = {
  seed: number;
  /** Number of the first attempt, and how many there are. */
  from: number;
  count: number;
  say(line: string): void;
};

export type FuzzReport = {
  attempts: number;
  /** Answers by kind: results and errors, by status and code. */
  answers: ReadonlyMap<string, number>;
  /** Honest transactions that were certified meanwhile, by domain. */
  honest: ReadonlyMap<number, number>;
  /** Largest resident memory of any process, MiB. */
  memoryMiB: number;
  problems: readonly string[];
};

/** The first accounts of the EVM and the SVM are honest, and one of each other VM that no other test sends from. */
const honestAccounts = 3;
const honestIndex = 8;
/** So many attempts go by between two looks at the chain. */
const lookEvery = 250;

const inFlight = 8;
const patienceMs = 60_000;
const mostProblems = 20;
/** A validator's caches and bounds, and its executor's, with what V8 leaves uncollected. */
const mostMiB = 1536;

const send = (agent: Agent, url: string, { method, path, contentType, body }: Attempt): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const headers = {
      ...(contentType === "" ? {} : { "content-type": contentType }),
      ...(method === "GET" ? {} : { "content-length": body.length }),
    };
    const sent = request({ hostname, port, method, path, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      response.on("error", reject);
    });
    sent.setTimeout(patienceMs, () => sent.destroy(new Error(`no answer within ${patienceMs} ms`)));
    sent.on("error", reject);
    sent.end(method === "GET" ? undefined : body);
  });

const kindOf = ({ over, door }: Attempt, { status: code, body }: Answer): string => {
  const where = door === "api" ? "api" : `${over === "http" ? "rpc" : over} ${door}`;
  const error = /"code":("?[\w-]+"?)/.exec(body.slice(0, 4096))?.[1];
  return `${where} ${code}${error === undefined ? "" : ` ${error.replaceAll('"', "")}`}`;
};

const urlOf = ({ validators }: DevnetReady, { over, door, validator }: Attempt): string => {
  const { api = "", tenants = [] } = validators[validator] ?? {};
  const tenant = tenants.find(({ domain }) => domain === door);
  return (door === "api" ? api : over === "http" ? tenant?.rpc : tenant?.ws) ?? "";
};

const processesOf = ({ validators }: DevnetReady): number[] =>
  validators.flatMap(({ pid }) => [pid, ...executorsOf(pid)]);

const memoryOf = async (pid: number): Promise<number> => {
  const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) / 1024);
};

/** Resolves when all validators have executed these and found them certified. */
const certified = async ({ validators }: DevnetReady, all: readonly Acknowledged[]): Promise<void> => {
  await Promise.all(
    validators.map(async ({ api }) => {
      let highest = 0;
      for (const { domain, nativeId } of all) {
        const { height = 0 } = await until(`${api} executes ${nativeId} of ${domain}`, async () => {
          const found = await transaction(api, domain, nativeId);
          return found?.status === "executed" && found;
        });
        highest = Math.max(highest, height);
      }
      await until(`${api} finds ${highest} certified`, async () => (await status(api)).certified >= highest);
    }),
  );
};

/** Runs attempts `from` to `from + count`; reports every answer that is none, and everything that broke. */
export const fuzz = async (devnet: DevnetReady, { seed, from, count, say }: FuzzOptions): Promise<FuzzReport> => {
  const vms = createGenerators(devnet.accounts);
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const { evm = [], svm = [], cairo = [], fuel = [] } = devnet.accounts;
  const load = createLoad({
    ...{ evm: evm.slice(0, honestAccounts), svm: svm.slice(0, honestAccounts) },
    ...{ cairo: cairo.slice(honestIndex, honestIndex + 1), fuel: fuel.slice(honestIndex, honestIndex + 1) },
  });
  const before = processesOf(devnet);
  const answers = new Map<string, number>();
  const problems: string[] = [];
  let checked = 0;
  let memoryMiB = 0;

  const look = async (): Promise<void> => {
    const { tenants = [] } = devnet.validators[0] ?? {};
    const rpcOf = (domain: number): string => tenants.find((each) => each.domain === domain)?.rpc ?? "";
    await Promise.all(vms.map((vm) => vm.look?.(rpcOf(vm.domain))));
  };

  const attempt = async (number: number): Promise<void> => {
    if (number % lookEvery === 0) await look();
    const made = await attemptOf(seed, number, vms, devnet.validators.length);
    const url = urlOf(devnet, made);
    const sent = {
      http: () => send(agent, url, made),
      socket: () => ask(url, made.body, patienceMs),
      events: () => listen(url, made.body, patienceMs),
    }[made.over]();
    const outcome = await sent.catch((error: Error) => error);
    const fault = outcome instanceof Error ? outcome.message : faultOf(made, outcome);
    const kind = outcome instanceof Error ? "no answer" : kindOf(made, outcome);
    answers.set(kind, (answers.get(kind) ?? 0) + 1);
    if (fault === undefined || problems.length >= mostProblems) return;
    const shown = Buffer.from(made.body.subarray(0, 200)).toString();
    problems.push(
      `attempt ${number} (--seed ${seed} --from ${number} --count 1): ${made.method} ${new URL(url).origin}${made.path} ${shown}: ${fault}`,
    );
  };

  /** Everything that must hold between attempts. */
  const check = async (): Promise<void> => {
    const sent = load.acknowledged.slice(checked);
    await certified(devnet, sent).catch((error: Error) => problems.push(error.message));
    checked += sent.length;
    const now = processesOf(devnet);
    if (now.join() !== before.join()) problems.push(`processes were ${before.join(", ")}, now ${now.join(", ")}`);
    const memory = await Promise.all(now.map(memoryOf));
    memoryMiB = Math.max(memoryMiB, ...memory);
    if (memoryMiB > mostMiB) problems.push(`a process takes ${memoryMiB} MiB, more than ${mostMiB}`);
    say(
      `seed ${seed}: ${numbers.next - from} of ${count} sent, ${checked} honest transactions certified, ` +
        `${memory.join(" ")} MiB, ${problems.length} problems`,
    );
  };

  const numbers = { next: from, end: from };
  const work = async (): Promise<void> => {
    while (numbers.next < numbers.end && problems.length < mostProblems) await attempt(numbers.next++);
  };

  const step = Math.max(1, Math.ceil(count / 20));
  while (numbers.next < from + count && problems.length < mostProblems) {
    numbers.end = Math.min(numbers.next + step, from + count);
    await look();
    load.start(devnet);
    await Promise.all(Array.from({ length: inFlight }, work));
    await load.stop();
    await check();
  }
  agent.destroy();
  problems.push(...load.refused.map((message) => `an honest transaction was refused: ${message}`));
  const honest = new Map<number, number>();
  for (const { domain } of load.acknowledged.slice(0, checked)) honest.set(domain, (honest.get(domain) ?? 0) + 1);
  return { attempts: numbers.next - from, answers, honest, memoryMiB, problems };
};
