/** From the text of a request or a batch to the text of its answer. */
import { nestsDeeper } from "../http/depth.ts";
import { errorBody, errorCodes } from "./error.ts";
import { transportLimits as limits } from "./limits.ts";
import { type Call, type CallId, errorText, type Malformed, readCall, resultText } from "./message.ts";
import type { GroupedMethod, Outcome, Service, Session } from "./service.ts";

/** Whether there is room for so many bytes of answers; not even for none once the connection has ended. */
export type TakeRoom = (bytes: number) => boolean;

/**
 * Answers a JSON-RPC 2.0 request or batch; `undefined` when there is nothing to answer. Answers of a
 * batch come in its order; its calls run at the same time, neighbours of a grouped method as one. An
 * answer for which there is no room is replaced by an error.
 */
export const dispatch = async (
  service: Service,
  text: string,
  session?: Session,
  take: TakeRoom = () => true,
): Promise<string | undefined> => {
  if (nestsDeeper(text, limits.jsonDepth)) {
    const message = `invalid request: it nests deeper than ${limits.jsonDepth} levels`;
    return errorText(null, { code: errorCodes.invalidRequest, message });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return errorText(null, { code: errorCodes.parse, message: `parse error: ${(cause as Error).message}` });
  }
  if (!Array.isArray(value)) {
    const [answer] = await answerAll(service, [readCall(value)], session, take);
    return answer;
  }
  if (value.length === 0) return invalidBatch("the batch is empty");
  if (value.length > limits.batchCalls) {
    return invalidBatch(`the batch has ${value.length} calls, at most ${limits.batchCalls} are taken: split it`);
  }
  const all = await answerAll(service, value.map(readCall), session, take);
  const answers = all.filter((answer) => answer !== undefined);
  return answers.length === 0 ? undefined : `[${answers.join(",")}]`;
};

const invalidBatch = (message: string): string =>
  errorText(null, { code: errorCodes.invalidRequest, message: `invalid request: ${message}` });

const answerAll = async (
  service: Service,
  calls: readonly (Call | Malformed)[],
  session: Session | undefined,
  take: TakeRoom,
): Promise<(string | undefined)[]> => {
  const answers = new Array<string | undefined>(calls.length).fill(undefined);
  let bytes = 0;
  const settle = (index: number, id: CallId | undefined, outcome: Outcome): void => {
    if (id === undefined) return;
    const answer = outcomeText(id, outcome);
    bytes += answer.length;
    answers[index] = take(answer.length) ? answer : outcomeText(id, noRoom);
  };

  const runs = groupRuns(service, calls);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let run = runs[next++]; run !== undefined; run = runs[next++]) {
      // Who has gone takes nothing any more, and nothing is done for it.
      const isOver = bytes > limits.batchAnswerBytes || !take(0);
      const outcomes = isOver ? run.calls.map(() => tooLong) : await perform(service, run, session);
      for (const [i, call] of run.calls.entries()) settle(run.start + i, call.id, outcomes[i] ?? unanswered);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limits.batchConcurrency, runs.length) }, work));
  return answers;
};

const tooLong: Outcome = {
  error: { code: errorCodes.limitExceeded, message: "the answer to the batch is too long: ask for less at once" },
};
const noRoom: Outcome = {
  error: { code: errorCodes.limitExceeded, message: "the server is busy with other requests: try again later" },
};
const unanswered: Outcome = { error: { code: errorCodes.internal, message: "internal error: the call got no answer" } };

const outcomeText = (id: CallId, outcome: Outcome): string => {
  if ("error" in outcome) return errorText(id, outcome.error);
  try {
    return resultText(id, outcome.result);
  } catch (thrown) {
    return errorText(id, errorBody(thrown));
  }
};

/** Calls of a batch that are performed together: neighbours of one grouped method, else a single one. */
type Run =
  | { start: number; calls: Call[]; grouped: GroupedMethod }
  | { start: number; calls: [Call | Malformed]; grouped?: undefined };

const groupRuns = (service: Service, calls: readonly (Call | Malformed)[]): Run[] => {
  const runs: Run[] = [];
  for (const [start, call] of calls.entries()) {
    const grouped = "error" in call ? undefined : service.grouped.get(call.method);
    const last = runs.at(-1);
    if (grouped === undefined || "error" in call) runs.push({ start, calls: [call] });
    else if (last?.grouped === grouped) last.calls.push(call);
    else runs.push({ start, calls: [call], grouped });
  }
  return runs;
};

const perform = async (service: Service, run: Run, session: Session | undefined): Promise<readonly Outcome[]> => {
  try {
    if (run.grouped) return await run.grouped(run.calls.map((call) => call.params));
    const [call] = run.calls;
    if ("error" in call) return [call];
    const method = service.methods.get(call.method);
    if (method === undefined) return [{ error: unknownMethod(call.method) }];
    return [{ result: await method(call.params, session) }];
  } catch (thrown) {
    const error = errorBody(thrown);
    return run.calls.map(() => ({ error }));
  }
};

/** Worded as in geth, where clients match on it. */
const unknownMethod = (method: string) => ({
  code: errorCodes.methodNotFound,
  message: `the method ${method.slice(0, 100)} does not exist/is not available`,
});
