import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LockstepError } from "../../protocol/errors.ts";
import { dispatch } from "./dispatch.ts";
import { invalidParams } from "./error.ts";
import { transportLimits } from "./limits.ts";
import type { Params } from "./message.ts";
import type { GroupedMethod, Method, Outcome, Service } from "./service.ts";

const service = (methods: Record<string, Method>, grouped: Record<string, GroupedMethod> = {}): Service => ({
  methods: new Map(Object.entries(methods)),
  grouped: new Map(Object.entries(grouped)),
});

const echo = service({ echo: (params) => params });

const ask = async (target: Service, value: unknown): Promise<unknown> => {
  const text = await dispatch(target, typeof value === "string" ? value : JSON.stringify(value));
  return text === undefined ? undefined : JSON.parse(text);
};
const call = (id: unknown, method: string, params?: unknown) => ({ jsonrpc: "2.0", id, method, params });

const nestedText = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

describe("a single request", () => {
  it.each([1, 0, -1.5, "text", null])("is answered under its id %s", async (id) => {
    expect(await ask(echo, call(id, "echo", [1]))).toEqual({ jsonrpc: "2.0", id, result: [1] });
  });

  it("takes params by name and none at all", async () => {
    expect(await ask(echo, call(1, "echo", { a: 1 }))).toMatchObject({ result: { a: 1 } });
    expect(await ask(echo, call(1, "echo"))).toMatchObject({ result: [] });
  });

  it.each(["", "{", "nonsense", '{"jsonrpc":"2.0","id":1,'])("that isn't JSON (%j) is a parse error", async (text) => {
    expect(await ask(echo, text)).toMatchObject({ id: null, error: { code: -32700 } });
  });

  it.each([
    [1, null],
    [null, null],
    ["text", null],
    [{ id: 7, method: "echo" }, 7],
    [{ jsonrpc: "1.0", id: 7, method: "echo" }, 7],
    [{ jsonrpc: "2.0", id: 7 }, 7],
    [{ jsonrpc: "2.0", id: 7, method: 1 }, 7],
    [{ jsonrpc: "2.0", id: [7], method: "echo" }, null],
    [{ jsonrpc: "2.0", id: 7, method: "echo", params: "text" }, 7],
  ])("that isn't a request (%j) is invalid", async (value, id) => {
    expect(await ask(echo, JSON.stringify(value))).toMatchObject({ id, error: { code: -32600 } });
  });

  it.each(["nothing", "toString", "__proto__", "constructor"])("for an unknown method %s names it", async (method) => {
    expect(await ask(echo, call(1, method))).toEqual({
      jsonrpc: "2.0",
      id: 1,
      error: { code: -32601, message: `the method ${method} does not exist/is not available` },
    });
  });

  it("without an id is a notification: it runs and isn't answered", async () => {
    const seen: Params[] = [];
    const target = service({
      note: (params) => {
        seen.push(params);
        throw new Error("nobody hears this");
      },
    });
    expect(await ask(target, { jsonrpc: "2.0", method: "note", params: [1] })).toBeUndefined();
    expect(await ask(target, { jsonrpc: "2.0", method: "unknown" })).toBeUndefined();
    expect(seen).toEqual([[1]]);
  });
});

describe("a method that throws", () => {
  const failing = service({
    chosen: () => {
      throw invalidParams("param 0 must be a hash");
    },
    broken: () => (undefined as unknown as { x: { y: number } }).x.y,
    later: async () => {
      throw new LockstepError("executor_died", "the executor is gone");
    },
    unserialisable: () => {
      const cycle: { self?: unknown } = {};
      cycle.self = cycle;
      return cycle;
    },
    rejected: () => Promise.reject("a string"),
  });

  it("answers with the error it chose", async () => {
    expect(await ask(failing, call(1, "chosen"))).toMatchObject({
      error: { code: -32602, message: "param 0 must be a hash" },
    });
  });

  it.each(["broken", "later", "unserialisable", "rejected"])(
    "otherwise (%s) answers an internal error",
    async (method) => {
      expect(await ask(failing, call(1, method))).toMatchObject({ id: 1, error: { code: -32603 } });
    },
  );

  it("carries the stable code of a LockstepError", async () => {
    expect(await ask(failing, call(1, "later"))).toMatchObject({ error: { data: { code: "executor_died" } } });
  });
});

it("integers given as bigint keep all their digits, and nothing else changes", async () => {
  const answering = service({ integers: () => ({ large: 2n ** 64n - 1n, text: "18446744073709551615", list: [-5n] }) });
  const text = await dispatch(answering, JSON.stringify(call(1, "integers")));
  expect(text).toContain('"result":{"large":18446744073709551615,"text":"18446744073709551615","list":[-5]}');
});

describe("a batch", () => {
  it("is answered in its order, whatever finishes first, without its notifications", async () => {
    const target = service({
      wait: async (params) => {
        const [turns] = params as [number];
        for (let i = 0; i < turns; i++) await Promise.resolve();
        return turns;
      },
    });
    const note = { jsonrpc: "2.0", method: "wait", params: [3] };
    expect(await ask(target, [call("a", "wait", [9]), note, 5, call("b", "wait", [0])])).toMatchObject([
      { id: "a", result: 9 },
      { id: null, error: { code: -32600 } },
      { id: "b", result: 0 },
    ]);
    expect(await ask(target, [note])).toBeUndefined();
  });

  it("must not be empty nor above the cap", async () => {
    expect(await ask(echo, [])).toMatchObject({ id: null, error: { code: -32600 } });
    const largest = Array.from({ length: transportLimits.batchCalls }, (_, i) => call(i, "echo"));
    expect(await ask(echo, largest)).toHaveLength(transportLimits.batchCalls);
    expect(await ask(echo, [...largest, call(0, "echo")])).toMatchObject({ id: null, error: { code: -32600 } });
  });

  it("runs a bounded number of its calls at the same time", async () => {
    let running = 0;
    let most = 0;
    const target = service({
      work: async () => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running--;
      },
    });
    await ask(
      target,
      Array.from({ length: 100 }, (_, i) => call(i, "work")),
    );
    expect(most).toBe(transportLimits.batchConcurrency);
  });

  it("hands neighbouring calls of a grouped method over as one", async () => {
    const groups: (readonly Params[])[] = [];
    const send: GroupedMethod = async (calls) => {
      groups.push(calls);
      return calls.map((params): Outcome => {
        const [value] = params as [number];
        return value === 3 ? { error: { code: -32000, message: "no three" } } : { result: value };
      });
    };
    const target = service({ echo: (params) => params }, { send });
    const answer = await ask(target, [
      call(1, "send", [1]),
      call(2, "send", [2]),
      call(3, "echo", [9]),
      call(4, "send", [3]),
      call(5, "send", [4]),
    ]);
    expect(groups).toEqual([
      [[1], [2]],
      [[3], [4]],
    ]);
    expect(answer).toMatchObject([
      { id: 1, result: 1 },
      { id: 2, result: 2 },
      { id: 3, result: [9] },
      { id: 4, error: { code: -32000 } },
      { id: 5, result: 4 },
    ]);
    expect(await ask(target, call(6, "send", [5]))).toMatchObject({ id: 6, result: 5 });
  });

  it("answers every call of a group that throws or answers too few", async () => {
    const target = service(
      {},
      {
        broken: async () => {
          throw new Error("gone");
        },
        short: async () => [{ result: 1 }],
      },
    );
    expect(await ask(target, [call(1, "broken"), call(2, "broken")])).toMatchObject([
      { id: 1, error: { code: -32603 } },
      { id: 2, error: { code: -32603 } },
    ]);
    expect(await ask(target, [call(1, "short"), call(2, "short")])).toMatchObject([
      { id: 1, result: 1 },
      { id: 2, error: { code: -32603 } },
    ]);
  });

  it("has errors in place of answers for which there is no room", async () => {
    let room = 150;
    const take = (bytes: number): boolean => {
      room -= bytes;
      return room >= 0;
    };
    const text = JSON.stringify(["a", "b", "c", "d"].map((word, id) => call(id, "echo", [word.repeat(20)])));
    const answers = JSON.parse((await dispatch(echo, text, undefined, take)) ?? "");
    expect(answers).toMatchObject([
      { id: 0, result: ["a".repeat(20)] },
      { id: 1, result: ["b".repeat(20)] },
      { id: 2, error: { code: -32005 } },
      { id: 3, error: { code: -32005 } },
    ]);
  });

  it("stops when the connection ends", async () => {
    let runs = 0;
    const target = service({ work: () => ++runs });
    const text = JSON.stringify(Array.from({ length: 100 }, (_, id) => call(id, "work")));
    await dispatch(target, text, undefined, () => runs < 40);
    expect(runs).toBe(40);
  });

  it("is refused unparsed when it nests deep", async () => {
    for (const text of [`[${nestedText(100)}]`, "[".repeat(2 ** 20)]) {
      expect(JSON.parse((await dispatch(echo, text)) ?? "")).toMatchObject({ id: null, error: { code: -32600 } });
    }
  });

  it("stops when its answers get too long", async () => {
    const long = "x".repeat(4 * 2 ** 20);
    let runs = 0;
    const target = service({
      long: async () => {
        runs++;
        await new Promise(setImmediate);
        return long;
      },
    });
    const answers = (await ask(
      target,
      Array.from({ length: 100 }, (_, i) => call(i, "long")),
    )) as { error?: { code: number } }[];
    expect(answers).toHaveLength(100);
    expect(runs).toBeLessThan(40);
    expect(answers.at(-1)).toMatchObject({ id: 99, error: { code: -32005 } });
  });
});

it("answers anything at all with JSON-RPC or nothing", async () => {
  const jsonrpc = fc.constantFrom("2.0", "1.0", 2);
  const request = fc.record(
    { jsonrpc, id: fc.jsonValue(), method: fc.constantFrom("echo", "nothing", 5), params: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const anything = fc.oneof(fc.jsonValue(), request, fc.array(fc.oneof(request, fc.jsonValue()), { maxLength: 5 }));
  const isAnswer = (value: unknown): boolean => {
    const answer = value as Record<string, unknown>;
    return answer.jsonrpc === "2.0" && "id" in answer && "result" in answer !== "error" in answer;
  };
  await fc.assert(
    fc.asyncProperty(anything, async (value) => {
      const answer = await ask(echo, JSON.stringify(value));
      const answers = Array.isArray(answer) ? answer : answer === undefined ? [] : [answer];
      expect(answers.every(isAnswer)).toBe(true);
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
      await dispatch(echo, text);
    }),
  );
});
