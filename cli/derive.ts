/** `lockstep derive`: follows what is ordered for a tenant, height after height, from proofs alone. */
import type { FollowedHeight, Trouble } from "../messaging/light-client/follow.ts";
import type { OrderCursor } from "../messaging/light-client/order.ts";
import type { Refusal } from "../messaging/light-client/refusal.ts";
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
  json?: boolean;
};

type Task = { apis: TrustedApi[]; domain: Domain; from: Height; to: number; state?: string };

const parseHeight = (flag: string, text: string): Result<Height> =>
  /^[1-9][0-9]{0,14}$/.test(text)
    ? success(asHeight(Number(text)))
    : failure("usage", `${flag} ${text} is no height: give a whole number from 1 on`);

const parseArguments = ({ trust, domain, from = "1", to, state, ...args }: DeriveArguments): Result<Task> => {
  const apis: TrustedApi[] = [];
  for (const api of args.apis) {
    const trusted = parseTrustedApi(api, trust);
    if (!trusted.ok) return trusted;
    apis.push(trusted.value);
  }
  const tenant = parseDomain(domain, "the tenant to follow: the `data` tenant of a devnet is 1");
  if (!tenant.ok) return tenant;
  const first = parseHeight("--from", from);
  if (!first.ok) return first;
  const last = to === undefined ? success(Number.POSITIVE_INFINITY) : parseHeight("--to", to);
  if (!last.ok) return last;
  return success({
    apis,
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

/** Gives out height after height; says why when it can't go on. A height is confirmed once its reader took it. */
const derive = async (
  { apis, domain, to, state, from }: Task,
  { asJson, output, signal }: { asJson: boolean; output: Output; signal: AbortSignal },
): Promise<Refusal | undefined> => {
  const kept = state === undefined ? undefined : await readCursor(state, domain);
  const after: OrderCursor = kept ?? { height: asHeight(from - 1) };
  if (after.height >= to) return undefined;
  const report = (trouble: Trouble): void => {
    if (asJson) output.out(line(troubleJson(trouble)));
    else output.err(troubleWords(trouble));
  };
  for await (const height of followApis(apis, { domain, after, signal, report })) {
    if (!height.ok) return height.error;
    await output.out(asJson ? line(jsonOf(height.value)) : wordsOf(height.value));
    if (state !== undefined) await writeCursor(state, domain, height.value.cursor);
    if (signal.aborted || height.value.header.height >= to) return undefined;
  }
  return undefined;
};

/** Follows from the state file's cursor, or from `from`, until `to`, the signal, or what can't be proven. */
export const runDerive = async (args: DeriveArguments, output: Output, signal: AbortSignal): Promise<ExitCode> => {
  const asJson = args.json === true;
  const task = parseArguments(args);
  const end = async (error: Failure, words: string): Promise<void> => {
    await (asJson ? output.out(line({ error })) : output.err(words));
  };
  if (!task.ok) {
    await end(task.error, `lockstep derive: ${task.error.message}\n`);
    return 2;
  }
  const refusal = await derive(task.value, { asJson, output, signal });
  if (refusal === undefined) return 0;
  await end(refusal, `lockstep derive: not proven: ${refusal.message} (${refusal.code})\n`);
  return refusal.code === "unreachable" ? 2 : 1;
};
