/** The power goes: every validator and the devnet are killed under load, and start again from their disks. */
import { afterAll, expect, test } from "vitest";
import { evmAccounts } from "../../devnet/accounts.ts";
import { allReach, type Chain, chainOf, expectExecuted, expectSameChain, heightOf } from "./agreement.ts";
import { until } from "./api.ts";
import { gone } from "./commands.ts";
import { type Devnet, startDevnet } from "./devnet.ts";
import { createLoad, type Load } from "./load.ts";
import { accusations, logged } from "./logs.ts";
import { contradictions, type DiskRecord, readRecord } from "./votes.ts";

const apisOf = ({ ready }: Devnet): string[] => ready.validators.map(({ api }) => api);
const foldersOf = ({ ready }: Devnet): string[] => ready.validators.map(({ dataDir }) => dataDir);

let network: Devnet | undefined;
afterAll(() => network?.remove());

const start = async (load: Load): Promise<Devnet> => {
  network = await startDevnet(
    network === undefined ? { flags: ["--tenants", "data,evm"] } : { dataDir: network.dataDir },
  );
  load.start(network.ready);
  return network;
};

const acknowledgesMore = (load: Load, count: number): Promise<unknown> => {
  const before = load.acknowledged.length;
  return until("acknowledgements", async () => load.acknowledged.length >= before + count);
};

/** Kills what still runs, and the devnet; gives what is on the disks. */
const crash = async (devnet: Devnet, load: Load): Promise<DiskRecord[]> => {
  const pids = [devnet.pid, ...devnet.pids()];
  await devnet.kill();
  await gone(pids);
  await load.stop();
  return Promise.all(foldersOf(devnet).map(readRecord));
};

/** Kills two validators, so that the others can't finalize any more, and waits until these have given up on a view. */
const blockTheRest = async (devnet: Devnet): Promise<void> => {
  const [first = 0, second = 0] = devnet.pids();
  const since = Date.now();
  process.kill(first, "SIGKILL");
  process.kill(second, "SIGKILL");
  const folders = foldersOf(devnet).slice(2);
  await until("two blocked validators", async () => {
    const timeouts = await Promise.all(folders.map((folder) => logged(folder, "timeout", since)));
    return timeouts.every(({ length }) => length > 0);
  });
};

test("the chain is the same, nothing acknowledged is lost, and nobody contradicts an earlier vote", async () => {
  const load = createLoad({ evm: evmAccounts(3) });
  const seen: Chain[] = [];
  const disks: DiskRecord[][] = [];
  const look = async (devnet: Devnet) => seen.push(...(await Promise.all(apisOf(devnet).map((api) => chainOf(api)))));

  const first = await start(load);
  await acknowledgesMore(load, 60);
  await look(first);
  disks.push(await crash(first, load));

  const second = await start(load);
  await acknowledgesMore(load, 10);
  await look(second);
  await blockTheRest(second);
  const blocked = await crash(second, load);
  disks.push(blocked);
  for (const { own } of blocked.slice(2)) expect(own.map(({ kind }) => kind)).toContain("nullify");

  const third = await start(load);
  const apis = apisOf(third);
  await acknowledgesMore(load, 30);
  await load.stop();
  expect(load.refused).toEqual([]);
  await expectExecuted(apis, load.acknowledged);

  const chain = await expectSameChain(apis, await heightOf(apis));
  await allReach(apis, chain.blocks.length, "certified");
  for (const { blocks, summaries } of seen) {
    expect(chain.blocks.slice(0, blocks.length)).toEqual(blocks);
    expect(chain.summaries.slice(0, summaries.length)).toEqual(summaries);
  }

  await third.stop();
  disks.push(await Promise.all(foldersOf(third).map(readRecord)));
  for (const [at, earlier] of disks.entries()) {
    const later = disks.slice(at + 1);
    for (const { blocks } of earlier) {
      for (const record of later.flat())
        expect(record.blocks.slice(0, blocks.length)).toEqual(blocks.slice(0, record.blocks.length));
    }
    for (const records of later) expect(contradictions(earlier, records)).toEqual([]);
  }
  expect(await accusations(foldersOf(third))).toEqual([]);
});
