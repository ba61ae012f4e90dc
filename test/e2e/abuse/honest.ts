/** Honest users of a network that somebody abuses: one for each validator, with an account of its own. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { DevnetReady } from "../../../devnet/ready.ts";
import { toHex } from "../../../protocol/bytes.ts";
import { allReach, expectExecuted } from "../agreement.ts";
import { rpc, submit, transaction } from "../api.ts";
import { opaque } from "../dataTenant.ts";
import { dataDomain, evmDomain } from "../domains.ts";
import type { Acknowledged } from "../load.ts";
import { fund, rpcOf, sign } from "../transfers.ts";

export type Honest = {
  /** A transaction of each tenant enters at each of these validators, and all of them get it certified. */
  certify(at: readonly number[]): Promise<void>;
  /** Does so again and again until `work` is done; gives how often. */
  certifyWhile(at: readonly number[], work: Promise<unknown>): Promise<number>;
};

export const createHonest = async (devnet: DevnetReady): Promise<Honest> => {
  const users: { key: `0x${string}`; nonce: number }[] = [];
  for (const _ of devnet.validators) users.push({ key: await fund(devnet), nonce: 0 });

  const certify = async (at: readonly number[]): Promise<void> => {
    const apis = at.map((index) => devnet.validators[index]?.api ?? "");
    const acknowledged = await Promise.all(
      at.map(async (index): Promise<Acknowledged[]> => {
        const user = users[index];
        if (user === undefined) throw new Error(`there is no validator ${index}`);
        const transfer = await sign(user.key, { nonce: user.nonce });
        const { result, error } = await rpc(rpcOf(devnet, index), "eth_sendRawTransaction", transfer.raw);
        expect(result, `validator ${index}: ${error?.message}`).toBe(transfer.hash);
        user.nonce++;
        const [answer] = await submit(devnet.validators[index]?.api ?? "", dataDomain, toHex(opaque()));
        expect(answer?.error, `validator ${index}`).toBeUndefined();
        return [
          { domain: evmDomain, nativeId: transfer.hash },
          { domain: dataDomain, nativeId: answer?.nativeId ?? "0x" },
        ];
      }),
    );
    const all = acknowledged.flat();
    await expectExecuted(apis, all);
    const heights = await Promise.all(
      all.map(async ({ domain, nativeId }) => (await transaction(apis[0] ?? "", domain, nativeId))?.height ?? 0),
    );
    await allReach(apis, Math.max(...heights), "certified");
  };

  return {
    certify,
    certifyWhile: async (at, work) => {
      let rounds = 0;
      let isOver = false;
      const over = work.finally(() => {
        isOver = true;
      });
      over.catch(() => {});
      do {
        await certify(at);
        rounds++;
      } while (!isOver);
      await over;
      return rounds;
    },
  };
};

export type Metrics = {
  /** Sum of all series of a name whose labels are as given. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
};

/** What `/metrics` of a validator says now. */
export const metricsOf = async (api: string): Promise<Metrics> => {
  const text = await (await fetch(`${api}/metrics`)).text();
  const series = text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels: `,${labels}`, value: Number(value) }];
  });
  return {
    sum: (name, labels = {}) => {
      const found = series.filter((one) => one.name === name);
      if (found.length === 0 && !text.includes(`# TYPE ${name} `)) throw new Error(`${api} has no metric ${name}`);
      const wanted = Object.entries(labels).map(([label, value]) => `,${label}="${value}"`);
      return found
        .filter((one) => wanted.every((label) => one.labels.includes(label)))
        .reduce((sum, { value }) => sum + value, 0);
    },
  };
};

/** Resident memory of a process, MiB. */
export const residentMiB = async (pid: number): Promise<number> => {
  const status = await readFile(join("/proc", String(pid), "status"), "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
};
