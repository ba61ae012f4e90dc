/**
 * An engine that breaks of a transaction at all validators: what runs is a copy, changed from outside. Nothing is
 * certified any more; two thirds of the operators agree to leave the transaction out, and later the tenant.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { evmAccounts } from "../../devnet/accounts.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { allReach, expectExecuted, expectSameChain, heightOf } from "./agreement.ts";
import { rpc, status, submit, transaction, transactionById, until } from "./api.ts";
import { lockstep } from "./commands.ts";
import { type Devnet, startDevnet } from "./devnet.ts";
import { dataDomain, evmDomain } from "./domains.ts";
import { copyPatched } from "./patchedCopy.ts";
import { rpcOf, sign } from "./transfers.ts";

/** Whoever pays this address, alone in a block, ends the executor. */
const trigger = "0x00000000000000000000000000000000dead51f7";

let devnet: Devnet;
let apis: string[];
let folder: string;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const { command, remove } = await copyPatched([
    {
      file: "adapters/host/child.js",
      from: "const call = opened[method];",
      to: `const call = opened[method];
        if (method === "execute" && Buffer.from(argument.bytes).includes("${trigger.slice(2)}", 0, "hex")) {
          mark.entry(0);
          process.abort();
        }`,
    },
  ]);
  closing.push(remove);
  devnet = await startDevnet({ flags: ["--tenants", "data,evm"], executable: command });
  closing.push(devnet.remove);
  folder = await mkdtemp(join(tmpdir(), "lockstep-recover-"));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  apis = devnet.ready.validators.map(({ api }) => api);
}, 180_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const pay = async (from: number, entrance: number, nonce = 0, to = "0x00000000000000000000000000000000000051f7") => {
  const { privateKey = "0x" } = evmAccounts(8)[from] ?? {};
  const { raw } = await sign(privateKey as Hex, { to: to as Hex, nonce });
  const { result, error } = await rpc(rpcOf(devnet.ready, entrance), "eth_sendRawTransaction", raw);
  expect(error).toBeUndefined();
  return { domain: evmDomain, nativeId: result as Hex };
};

const problemsOf = async (api: string): Promise<string[]> => {
  const response = await fetch(`${api}/healthz`);
  return ((await response.json()) as { problems: string[] }).problems;
};

/** Height and id of what the executors die of, once that is so at all validators. */
const broken = async (): Promise<{ height: number; id: Hex }> => {
  const found = await Promise.all(
    apis.map((api) =>
      until(`${api} is in trouble`, async () => {
        const match = /executing entry \d+ of height (\d+), (0x[0-9a-f]{64})/.exec((await problemsOf(api)).join(" "));
        return match === null ? undefined : { height: Number(match[1]), id: match[2] as Hex };
      }),
    ),
  );
  for (const one of found) expect(one).toEqual(found[0]);
  return found[0] as { height: number; id: Hex };
};

const keyOf = (index: number): string[] => ["--key", join(devnet.ready.validators[index]?.dataDir ?? "", "keys.json")];

/** Every validator starts anew for a recovery, and answers nothing for a moment. */
const started = async (revision: number): Promise<void> => {
  for (const api of apis) {
    await until(`${api} goes on under revision ${revision}`, () =>
      status(api).then(
        (found) => found.revision === revision,
        () => false,
      ),
    );
  }
};

const expectSound = async (height: number): Promise<void> => {
  await allReach(apis, height, "certified");
  await expectSameChain(apis, height);
  for (const api of apis) await until(`${api} has no problems`, async () => (await problemsOf(api)).length === 0);
};

const verify = (...args: string[]) => lockstep("verify", apis[1] ?? "", "--trust", devnet.ready.trustedRoot, ...args);

test("without the transaction everything comes back", async () => {
  const before = await pay(1, 0);
  await expectExecuted(apis, [before]);
  const deadly = await pay(5, 0, 0, trigger);
  const { height, id } = await broken();
  const { certified, revision } = await status(apis[0] ?? "");
  expect([certified < height, revision]).toEqual([true, 0]);
  const [data] = await submit(apis[2] ?? "", dataDomain, "0x0badcafe");
  expect(data?.error).toBeUndefined();

  const skip = ["--skip", `${evmDomain}:${height}:${id}`];
  const few = await lockstep("recover", apis[0] ?? "", ...skip, ...keyOf(0), ...keyOf(1));
  expect(few).toMatchObject({ code: 1, err: expect.stringContaining("two thirds") });
  const file = join(folder, "recovery.txt");
  expect(await lockstep("recover", apis[1] ?? "", ...skip, ...keyOf(1), "--to", file)).toMatchObject({ code: 0 });
  expect(await lockstep("recover", apis[2] ?? "", "--with", file, ...keyOf(2), "--to", file)).toMatchObject({
    code: 0,
  });
  const done = await lockstep("recover", apis[3] ?? "", "--with", file, ...keyOf(3), "--json");
  expect(done).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(done.out)).toMatchObject({
    base: certified,
    revision: 1,
    signatures: 3,
    height: expect.any(Number),
  });

  await started(1);
  await allReach(apis, height, "certified");
  const after = await pay(1, 3, 1);
  await expectExecuted(apis, [before, after, { domain: dataDomain, nativeId: data?.id as Hex }]);
  await expectSound(await heightOf(apis));
  for (const api of apis) {
    expect(await status(api)).toMatchObject({ revision: 1 });
    expect(await transactionById(api, id)).toMatchObject({ status: "omitted", reason: "skipped", height });
    expect(await transaction(api, evmDomain, deadly.nativeId)).toBeUndefined();
  }
  for (const index of [0, 1, 2, 3]) {
    const { result } = await rpc(rpcOf(devnet.ready, index), "eth_getBalance", trigger, "latest");
    expect(result).toBe("0x0");
  }
  expect(await verify("--account", `${evmDomain}:${evmAccounts(2)[1]?.address}`)).toMatchObject({ code: 0 });
}, 180_000);

test("without the tenant all others go on, after kill -9 of all validators too", async () => {
  await pay(6, 1, 0, trigger);
  const { height } = await broken();
  const keys = [0, 1, 2].flatMap(keyOf);
  const done = await lockstep("recover", apis[0] ?? "", "--drop", String(evmDomain), ...keys, "--json");
  expect(done).toMatchObject({ code: 0, err: "" });
  await started(2);
  await allReach(apis, height + 1, "certified");
  for (const pid of devnet.pids()) process.kill(pid, "SIGKILL");
  for (const _ of apis) await devnet.event("validator_restarted");
  const [data] = await until("a validator takes data in", () =>
    submit(apis[3] ?? "", dataDomain, "0x600dcafe").catch(() => undefined),
  );
  await expectExecuted(apis, [{ domain: dataDomain, nativeId: data?.id as Hex }]);
  await expectSound(await heightOf(apis));
  for (const api of apis) {
    const { tenants, revision } = await status(api);
    expect(revision).toBe(2);
    expect(tenants.find(({ domain }) => domain === evmDomain)?.status).toBe("retired");
    const [refused] = await submit(api, evmDomain, "0x02");
    expect(refused?.error?.code).toBe("tenant_inactive");
  }
  expect(await verify("--tenant", String(evmDomain))).toMatchObject({ code: 0 });
}, 180_000);
