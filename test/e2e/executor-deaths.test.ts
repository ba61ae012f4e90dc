/**
 * An executor dies, hangs, eats its memory or errs, at one validator only: what runs there is a copy, changed from
 * outside. That never is an outcome, loses nothing, and holds up nothing but this tenant at this validator.
 */
import { describe, expect, test } from "vitest";
import { evmAccounts } from "../../devnet/accounts.ts";
import { asDomain, asValidatorIndex } from "../../protocol/ids.ts";
import { allReach, expectExecuted, heightOf } from "./agreement.ts";
import { rpc, status, until } from "./api.ts";
import { gone } from "./commands.ts";
import { dataDomain, evmDomain } from "./domains.ts";
import { logged } from "./logs.ts";
import { copyPatched, type Patch } from "./patchedCopy.ts";
import { executorsOf } from "./processes.ts";
import { sign } from "./transfers.ts";
import {
  cleanUpAfterEach,
  cleanUpLater,
  expectWhole,
  kill,
  type LoadedNetwork,
  startUnderLoad,
  startValidator,
} from "./underLoad.ts";

cleanUpAfterEach();

/** The validator whose EVM executor is changed. */
const ill = 3;
/** Whoever pays this address makes it do what was planted. */
const trigger = "0x00000000000000000000000000000000dead51f7";

/** Runs `what` in the executor's process when it is about to execute a payment to the trigger. */
const plant = (what: string): Patch => ({
  file: "adapters/evm/executor.js",
  from: "const raw = entries.map(({ bytes }) => bytes);",
  to: `const raw = entries.map(({ bytes }) => bytes);
        if (raw.some((bytes) => Buffer.from(bytes).includes("${trigger.slice(2)}", 0, "hex"))) { ${what} }`,
});

type Ill = LoadedNetwork & { pid: number };

/** A network under load, one validator of which runs with patches. */
const startWith = async (...patches: Patch[]): Promise<Ill> => {
  const network = await startUnderLoad(["--no-restart"], (validators) =>
    validators.filter(({ index }) => index !== ill),
  );
  const { command, remove } = await copyPatched(patches);
  cleanUpLater(remove);
  await kill(network.devnet.pids()[ill] ?? 0);
  const pid = await startValidator(network.folders[ill] ?? "", command);
  await allReach(network.apis, await heightOf(network.apis));
  return { ...network, pid };
};

const pay = async ({ devnet, apis }: Ill): Promise<void> => {
  const { privateKey = "0x" } = evmAccounts(6)[5] ?? {};
  const { raw } = await sign(privateKey, { to: trigger });
  const entrance = devnet.ready.validators[0]?.tenants.find(({ domain }) => domain === evmDomain)?.rpc ?? "";
  const { result, error } = await rpc(entrance, "eth_sendRawTransaction", raw);
  expect(error).toBeUndefined();
  const healthy = apis.filter((_, index) => index !== ill);
  await expectExecuted(healthy, [{ domain: evmDomain, nativeId: result as `0x${string}` }]);
};

type Health = { healthy: boolean; problems: string[]; notices: string[] };
const healthOf = async (api = ""): Promise<Health> => (await (await fetch(`${api}/healthz`)).json()) as Health;

const executedAt = async (api: string, domain: number): Promise<number> =>
  (await status(api)).tenants.find((tenant) => tenant.domain === domain)?.executed ?? 0;

/** The other tenant of the ill validator, and every tenant of the others, go on. */
const expectOthersToGoOn = async ({ apis }: Ill): Promise<void> => {
  const until10More = async (api: string, domain: number): Promise<void> => {
    const before = await executedAt(api, domain);
    await until(`10 more heights of ${domain} at ${api}`, async () => (await executedAt(api, domain)) >= before + 10);
  };
  await until10More(apis[ill] ?? "", dataDomain);
  for (const api of apis.filter((_, index) => index !== ill)) {
    await until10More(api, evmDomain);
    expect((await healthOf(api)).problems).toEqual([]);
  }
};

/** What was planted is taken out again: the tenant comes back, and everything is as if it had never been away. */
const expectRecovery = async (network: Ill): Promise<void> => {
  const { apis, folders, pid } = network;
  process.kill(pid, "SIGTERM");
  await gone([pid]);
  await startValidator(folders[ill] ?? "");
  await allReach(apis, await heightOf(apis));
  await expectWhole(network);
  for (const api of apis) {
    await until(`${api} forgets the trouble`, async () => (await status(api)).cannot.length === 0);
    expect(await healthOf(api)).toEqual({ healthy: true, problems: [], notices: [] });
  }
};

describe("an executor that breaks of a transaction", () => {
  test.each([
    ["aborts", "process.abort();", { signal: "SIGABRT" }],
    // Untouched pages count all the same, and leave the machine's memory to others.
    ["takes all memory that it can get", "for (const all = [];;) all.push(Buffer.allocUnsafeSlow(2 ** 28));", {}],
  ])(
    "%s: its tenant is quarantined there, and comes back once that is repaired",
    async (_, what, ended) => {
      const network = await startWith(plant(what));
      const { apis, folders } = network;
      const api = apis[ill] ?? "";
      await pay(network);
      const { problems } = await until("a quarantine", async () => {
        const health = await healthOf(api);
        return !health.healthy && health;
      });
      expect(problems).toEqual([expect.stringContaining(`tenant ${evmDomain} (evm) is quarantined at height`)]);
      const deaths = await logged(folders[ill] ?? "", "executor died");
      expect(deaths).toHaveLength(2);
      expect(deaths[1]).toMatchObject({ ...ended, silent: false, place: deaths[0]?.place });

      const height = (await executedAt(api, evmDomain)) + 1;
      const word = { validator: asValidatorIndex(ill), domain: asDomain(evmDomain), height };
      for (const each of apis) {
        await until(`${each} knows`, async () => (await status(each)).cannot.length > 0);
        expect((await status(each)).cannot).toEqual([word]);
      }
      expect((await healthOf(apis[0])).notices).toEqual([expect.stringContaining(`validator ${ill}`)]);
      const metrics = await (await fetch(`${api}/metrics`)).text();
      expect(metrics).toContain(`lockstep_tenant_quarantined{domain="${evmDomain}"} 1`);
      expect(metrics).toContain(`lockstep_tenant_cannot_validators{domain="${evmDomain}"} 1`);

      await expectOthersToGoOn(network);
      expect(await executedAt(api, evmDomain)).toBe(height - 1);
      await expectRecovery(network);
    },
    240_000,
  );

  test("runs in circles: it is ended, and holds up nobody meanwhile", async () => {
    const network = await startWith(plant("for (;;);"));
    await pay(network);
    await expectOthersToGoOn(network);
    const [death] = await until("the watchdog", async () => {
      const deaths = await logged(network.folders[ill] ?? "", "executor died");
      return deaths.length > 0 && deaths;
    });
    expect(death).toMatchObject({ signal: "SIGKILL", silent: true });
    await expectRecovery(network);
  }, 240_000);
});

test("an executor that two thirds contradict halts, and says so", async () => {
  const network = await startWith(plant("globalThis.errs = true;"), {
    file: "adapters/evm/executor.js",
    from: "gasUsed: seal.gasUsed,",
    to: "gasUsed: seal.gasUsed + (globalThis.errs ? 1 : 0),",
  });
  const { apis, load } = network;
  const api = apis[ill] ?? "";
  await pay(network);
  const { problems } = await until("a disagreement", async () => {
    const health = await healthOf(api);
    return !health.healthy && health;
  });
  expect(problems).toEqual([expect.stringMatching(/^two thirds attested to another result at height \d+/)]);
  const { executed } = await status(api);
  const finalized = await heightOf(apis);
  const others = apis.filter((_, index) => index !== ill);
  await allReach(others, finalized + 10, "certified");
  await allReach([api], finalized + 10, "finalized");
  expect((await status(api)).executed).toBe(executed);
  for (const other of others) expect((await healthOf(other)).healthy).toBe(true);
  await load.stop();
  expect(load.refused).toEqual([]);
  await expectExecuted(others, load.acknowledged);
}, 240_000);

test("executors that are killed at random, everywhere and again and again, are never quarantined", async () => {
  const network = await startUnderLoad();
  const { devnet, apis, folders } = network;
  for (let round = 0; round < 24; round++) {
    const victim = devnet.pids()[(7 * round) % 4] ?? 0;
    for (const executor of executorsOf(victim)) await kill(executor);
    const { finalized } = await status(apis[0] ?? "");
    await allReach(apis, finalized + 1, "finalized");
  }
  await allReach(apis, await heightOf(apis));
  await expectWhole(network);
  for (const api of apis) expect(await healthOf(api)).toEqual({ healthy: true, problems: [], notices: [] });
  for (const folder of folders) {
    expect(await logged(folder, "executor died")).not.toEqual([]);
    expect(await logged(folder, "tenant_quarantined")).toEqual([]);
  }
}, 240_000);
