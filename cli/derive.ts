/** `lockstep derive`: follows what is ordered for a tenant, height after height, from proofs alone. */
import type { FollowedHeight, Trouble } from "../messaging/light-client/follow.ts";
import type { OrderCursor } from "../messaging/light-client/order.ts";
import { toHex } from "../protocol/bytes.ts";
import { type Failure, failure, type Result, success } from "../protocol/errors.ts";
import { asHeight, type Domain, type Height } from "../protocol/ids.ts";
import type { ExitCode, Output } from "./command.ts";
import { readCursor, writeCursor } from "./cursorFile.ts";
import { followApis, parseDomain, parseTrustedApi, type TrustedApi } from "./trustedApi.ts";

export type DeriveArguments = {
  /** `http://host:port` of nodes' APIs; one is asked until it fails or lies, then the next. */
  apis: readonly string[];
  /** Root of a validator set, 32 bytes in hexadecimal. */
  trust?: string;
  domain?: string;
  /** First height. */
  from?: string;
  /** Last height; without it, it goes on. */
  to?: string;
  /** File that keeps the cursor. */
  state?: string;
  /** A height is confirmed when its number comes back from its reader, one a line. */
  confirm?: boolean;
  json?: boolean;
};

/** What a run reads and writes, and what ends it. */
export type DeriveStreams = { output: Output; input: AsyncIterator<string>; signal: AbortSignal };

type Task = { apis: TrustedApi[]; domain: Domain; from: Height; to: number; state?: string; confirm: boolean };

const parseHeight = (flag: string, text: string): Result<Height> =>
  /^[1-9][0-9]{0,14}$/.test(text)
    ? success(asHeight(Number(text)))
    : failure("usage", `${flag} ${text} is no height: give a whole number from 1 on`);

const parseArguments = ({
  trust,
  domain,
  from = "1",
  to,
  state,
  confirm = false,
  ...args
}: DeriveArguments): Result<Task> => {
  const apis: TrustedApi[] = [];
  for (const api of args.apis) {
    const trusted = parseTrustedApi(api, trust);
    if (!trusted.ok) return trusted;
    apis.push(trusted.value);
  }
  const tenant = parseDomain("domain", domain, "the tenant to follow: the `data` tenant of a devnet is 1");
  if (!tenant.ok) return tenant;
  const first = parseHeight("--from", from);
  if (!first.ok) return first;
  const last = to === undefined ? success(Number.POSITIVE_INFINITY) : parseHeight("--to", to);
  if (!last.ok) return last;
  if (confirm && state === undefined) {
    return failure("usage", "--confirm needs --state <file>: that is where confirmed heights are kept");
  }
  return success({
    apis,
    confirm,
    domain: tenant.value,
    from: first.value,
    to: last.value,
    ...(state === undefined ? {} : { state }),
  });
};

const finalityOf = ({ header, certified }: FollowedHeight): "ordered" | "certified" =>
  certified >= header.height ? "certified" : "ordered";

/** Bytes of a transaction that are shown in words. */
const shownBytes = 48;

const shown = (bytes: Uint8Array): string =>
  bytes.length <= shownBytes ? toHex(bytes) : `${toHex(bytes.subarray(0, shownBytes))}… (${bytes.length} bytes)`;

const wordsOf = (height: FollowedHeight): string => {
  const { header, entries } = height;
  const time = new Date(header.timestampMs).toISOString();
  const count = `${entries.length} transaction${entries.length === 1 ? "" : "s"}`;
  const lines = [`height ${header.height}  ${time}  ${finalityOf(height).padEnd(9)}  ${count}`];
  return [...lines, ...entries.map((bytes) => `  ${shown(bytes)}`), ""].join("\n");
};

const jsonOf = (height: FollowedHeight): object => {
  const { header, cursor, certified, entries } = height;
  return {
    event: "height",
    height: header.height,
    timestampMs: header.timestampMs,
    header: toHex(cursor.header),
    parent: toHex(header.parent),
    finality: finalityOf(height),
    certified,
    transactions: entries.map(toHex),
  };
};

const troubleWords = ({ api, refusal, consequence, pauseMs }: Trouble): string => {
  const pause = pauseMs > 0 ? ` in ${pauseMs} ms` : "";
  const next = consequence === "dropped" ? `${api} is not asked again` : `trying again${pause}`;
  return `lockstep derive: ${refusal.message} (${refusal.code}); ${next}\n`;
};

const troubleJson = ({ api, refusal, consequence, pauseMs }: Trouble): object => ({
  event: "trouble",
  api,
  code: refusal.code,
  message: refusal.message,
  consequence,
  pauseMs,
});

const line = (value: object): string => `${JSON.stringify(value)}\n`;

/** The next line of `input`; nothing once it has ended, or `signal` fired. Leaves no listener behind. */
const nextLine = ({ input, signal }: DeriveStreams): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    const settled = input.next().then((answer) => resolve(answer.done === true ? undefined : answer.value), reject);
    void settled.finally(() => signal.removeEventListener("abort", stop));
  });

/** Waits for the reader's word on a height: whether it is done with it, or has nothing more to say. */
const confirmed = async (height: number, streams: DeriveStreams): Promise<Result<boolean>> => {
  const answer = await nextLine(streams);
  if (answer === undefined) return success(false);
  if (answer.trim() === String(height)) return success(true);
  const said = JSON.stringify(answer.slice(0, shownBytes));
  return failure("wrong_confirmation", `standard input says ${said} where ${height}, the height to confirm, is due`);
};

/** Gives out height after height; says why when it can't go on. */
const derive = async (
  { apis, domain, to, state, from, confirm }: Task,
  asJson: boolean,
  streams: DeriveStreams,
): Promise<Failure | undefined> => {
  const { output, signal } = streams;
  const kept = state === undefined ? undefined : await readCursor(state, domain);
  const after: OrderCursor = kept ?? { height: asHeight(from - 1) };
  if (after.height >= to) return undefined;
  const report = (trouble: Trouble): void => {
    if (asJson) output.out(line(troubleJson(trouble)));
    else output.err(troubleWords(trouble));
  };
  for await (const followed of followApis(apis, { domain, after, signal, report })) {
    if (!followed.ok) return followed.error;
    const { header, cursor } = followed.value;
    await output.out(asJson ? line(jsonOf(followed.value)) : wordsOf(followed.value));
    if (confirm) {
      const word = await confirmed(header.height, streams);
      if (!word.ok) return word.error;
      if (!word.value) return undefined;
    }
    if (state !== undefined) await writeCursor(state, domain, cursor);
    if (signal.aborted || header.height >= to) return undefined;
  }
  return undefined;
};

const exitCodes: Readonly<Record<string, ExitCode>> = { usage: 2, wrong_confirmation: 2, unreachable: 2 };

/** Follows from the state file's cursor, or from `from`, until `to`, the signal, or what can't be proven. */
export const runDerive = async (args: DeriveArguments, streams: DeriveStreams): Promise<ExitCode> => {
  const { output } = streams;
  const asJson = args.json === true;
  const task = parseArguments(args);
  const error = task.ok ? await derive(task.value, asJson, streams) : task.error;
  if (error === undefined) return 0;
  if (asJson) await output.out(line({ error }));
  else output.err(`lockstep derive: ${error.message}${task.ok ? ` (${error.code})` : ""}\n`);
  return exitCodes[error.code] ?? 1;
};
