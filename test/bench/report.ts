/** Says what was measured: figures, ratios and shares in tables, and how they came about. */
import type { Mining } from "./anvil.ts";
import type { Bundles } from "./bundles/measure.ts";
import { bundleLatencyTable, bundlesTable } from "./bundles/report.ts";
import { type CometBft, publishedPerSecond } from "./cometbft.ts";
import type { EngineRate } from "./engine.ts";
import type { Machine } from "./machine.ts";
import { warmUpShare } from "./options.ts";
import type { Latency } from "./ordering.ts";
import { opaqueBatch, opaqueBytes } from "./ordering.ts";
import { type Percentiles, percentiles } from "./percentile.ts";
import { markdownTable, number } from "./table.ts";
import type { Throughput } from "./throughput.ts";
import type { Together } from "./together.ts";
import { type VmName, vmNames } from "./vms/part.ts";

export type Results = {
  machine: Machine;
  engines: Partial<Record<VmName | "data", EngineRate>>;
  ordering: { one?: Throughput; four?: Throughput; latency?: Latency };
  vms: Partial<Record<VmName, { one?: Throughput; four?: Throughput }>>;
  /** All of them at once. */
  together?: Together;
  bundles?: Bundles;
  anvil: Partial<Record<Mining, Throughput>>;
  cometbft?: CometBft;
  /** What was left out. */
  notes: string[];
  /** What failed, and why. */
  problems: string[];
};

type Row = {
  what: string;
  executed: number;
  certified?: number | undefined;
  /** Transactions of each peer in a second. */
  peers?: readonly (number | undefined)[];
  /** The peer's figure comes from elsewhere. */
  isPublished?: boolean;
  ceiling?: number | undefined;
  measured?: Throughput | undefined;
};

const perSecond = (transactions: number, ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : (1000 * transactions) / ms;

export const executedPerSecond = ({ transactions, times }: Throughput): number =>
  (1000 * transactions) / times.executed;

/**
 * What all cores could execute in a second if they did nothing else: one validator takes a transaction in and executes
 * it, the others execute it.
 */
export const ceilingOf = (engine: EngineRate | undefined, cores: number, validators: number): number | undefined =>
  engine && (1e6 * cores) / (engine.cpuMicros.entry + (validators - 1) * engine.cpuMicros.other);

const rowOf = (what: string, measured: Throughput | undefined, rest: Partial<Row> = {}): Row[] =>
  measured === undefined
    ? []
    : [
        {
          what: `${what}, ${measured.transactions.toLocaleString("en-US")} tx`,
          executed: executedPerSecond(measured),
          certified: perSecond(measured.transactions, measured.times.certified),
          measured,
          ...rest,
        },
      ];

/** How reports and readers call them. */
const titles: Readonly<Record<VmName, string>> = { evm: "EVM", svm: "SVM", cairo: "Cairo", fuel: "Fuel" };

const rowsOfVm = ({ machine: { cores }, engines, vms, anvil }: Results, vm: VmName): Row[] => {
  const anvils = [anvil.instant, anvil.manual].map((one) => one && executedPerSecond(one));
  const peers = vm === "evm" ? { peers: anvils } : {};
  const row = (validators: 4 | 1, measured: Throughput | undefined) =>
    rowOf(`${titles[vm]} transfers, ${validators === 1 ? "1 validator" : "4 validators"}`, measured, {
      ...peers,
      ceiling: ceilingOf(engines[vm], cores, validators),
    });
  return [...row(4, vms[vm]?.four), ...row(1, vms[vm]?.one)];
};

const rowsOf = (results: Results): Row[] => {
  const {
    machine: { cores },
    engines,
    ordering,
    anvil,
    cometbft,
  } = results;
  const comet = cometbft === undefined ? publishedPerSecond : executedPerSecond(cometbft.throughput);
  const published: Row[] =
    cometbft === undefined && ordering.four !== undefined
      ? [{ what: "CometBFT 1.0.1, 4 nodes: published, not measured here", executed: publishedPerSecond }]
      : [];
  return [
    ...rowOf("Ordering, 4 validators", ordering.four, {
      peers: [comet],
      isPublished: cometbft === undefined,
      ceiling: ceilingOf(engines.data, cores, 4),
    }),
    ...rowOf("Ordering, 1 validator", ordering.one, { ceiling: ceilingOf(engines.data, cores, 1) }),
    ...rowOf(`CometBFT ${cometbft?.version}, 4 nodes`, cometbft?.throughput),
    ...published,
    ...vmNames.flatMap((vm) => rowsOfVm(results, vm)),
    ...rowOf("anvil, a block for each transaction", anvil.instant),
    ...rowOf("anvil, blocks at the end", anvil.manual),
  ];
};

const costs = (value: Record<string, number> | undefined, kinds: readonly string[]): string =>
  kinds.map((kind) => number(value?.[kind])).join(" / ");

const throughputTable = (results: Results): string =>
  markdownTable<Row>(
    [
      { title: "Throughput", cell: ({ what }) => what },
      { title: "executed tx/s", cell: ({ executed }) => number(executed) },
      { title: "certified tx/s", cell: ({ certified }) => number(certified) },
      {
        title: "× peer",
        cell: ({ executed, peers = [undefined], isPublished }) =>
          `${peers.map((peer) => number(peer && executed / peer)).join(" / ")}${isPublished ? " of published" : ""}`,
      },
      { title: "% of ceiling", cell: ({ executed, ceiling }) => number(ceiling && (100 * executed) / ceiling) },
      {
        title: "CPU µs/tx: validator / executor / load",
        cell: ({ measured }) => costs(measured?.cpuMicros, ["validator", "executor", "load"]),
      },
      {
        title: "cores busy: own / elsewhere",
        cell: ({ measured }) => costs(measured?.cores, ["own", "elsewhere"]),
      },
      {
        title: "peak MiB: validator / executor / load",
        cell: ({ measured }) => costs(measured?.peakMiB, ["validator", "executor", "load"]),
      },
    ],
    rowsOf(results),
  );

type TogetherRow = { what: string; perSecond: number; ceiling?: number | undefined; share: number };

const togetherTable = ({ machine: { cores }, engines, together }: Results): string | undefined => {
  if (together === undefined) return undefined;
  const rows = together.vms.map(({ vm, executed }): TogetherRow => {
    const perSecond = (1000 * executed) / together.ms;
    const ceiling = ceilingOf(engines[vm], cores, 4);
    return { what: `${titles[vm]} transfers`, perSecond, ceiling, share: perSecond / (ceiling ?? Number.NaN) };
  });
  const all: TogetherRow = {
    what: "together",
    perSecond: rows.reduce((sum, { perSecond }) => sum + perSecond, 0),
    share: rows.reduce((sum, { share }) => sum + share, 0),
  };
  const { own, elsewhere } = together.cores;
  return [
    markdownTable<TogetherRow>(
      [
        { title: "All VMs at once, 4 validators", cell: ({ what }) => what },
        { title: "executed tx/s", cell: ({ perSecond }) => number(perSecond) },
        { title: "ceiling if alone", cell: ({ ceiling }) => number(ceiling) },
        { title: "% of ceiling", cell: ({ share }) => number(100 * share) },
      ],
      [...rows, all],
    ),
    `Counted for ${number(together.ms / 1000)} s, while every VM had transfers left; cores busy ${number(own)}, elsewhere ${number(elsewhere)}; peak MiB of a validator / executor ${costs(together.peakMiB, ["validator", "executor"])}. A VM's share of the ceiling is the part of the machine that its engine takes for what four validators executed.`,
  ].join("\n\n");
};

type LatencyRow = { what: string; stages: Record<string, readonly number[]> };

const spread = (found: Percentiles | undefined): string =>
  found === undefined ? "–" : [found.p50, found.p90, found.p99].map(number).join(" / ");

const latencyTable = ({ ordering: { latency }, cometbft }: Results): string | undefined => {
  const rows: LatencyRow[] = [];
  if (latency !== undefined) {
    rows.push({ what: "4 validators, idle", stages: latency.idle });
    rows.push({ what: `at half load, ${number(latency.halfLoadPerSecond)} tx/s`, stages: latency.halfLoad });
  }
  if (cometbft !== undefined) {
    rows.push({ what: "CometBFT, idle: committed", stages: { finalized: cometbft.committedIdle } });
  }
  if (rows.length === 0) return undefined;
  const stages = ["acknowledged", "finalized", "executed", "certified"];
  return markdownTable<LatencyRow>(
    [
      { title: "Latency, ms p50 / p90 / p99", cell: ({ what }) => what },
      ...stages.map((stage) => ({
        title: stage,
        cell: ({ stages: measured }: LatencyRow) => spread(percentiles(measured[stage] ?? [])),
      })),
    ],
    rows,
  );
};

const refusals = (results: Results): string[] => {
  const alone = rowsOf(results).flatMap(({ what, measured }) => (measured ? [{ what, times: measured.times }] : []));
  const together = results.together?.vms.map(({ vm, times }) => ({ what: `${titles[vm]} beside the others`, times }));
  return [...alone, ...(together ?? [])]
    .filter(({ times }) => times.resent > 0)
    .map(
      ({ what, times }) =>
        `${what}: ${times.resent} requests were sent again, refused for: ${times.refusals.join("; ")}`,
    );
};

const enginesText = (engines: Results["engines"]): string =>
  [
    `data ${costs(engines.data?.cpuMicros, ["entry", "other"])}`,
    ...vmNames.map((vm) => `${titles[vm]} ${costs(engines[vm]?.cpuMicros, ["entry", "other"])}`),
  ].join(", ");

const method = ({ machine, engines }: Results, isQuick: boolean): string =>
  `Measured on ${machine.processor}, ${machine.cores} cores, Node.js ${machine.node}, with a load of ${machine.loadBefore.toFixed(1)} from elsewhere before it began${isQuick ? ", at small sizes (--quick): no figure here counts" : ""}. ` +
  `Every validator, executor and peer is a process of its own, validators sync what they write, and one further process submits everything over HTTP; all share this machine. ` +
  `Ordering takes random transactions of ${opaqueBytes} bytes in requests of ${opaqueBatch}, two connections to each validator. VMs take transfers signed beforehand to 500 accounts, in their order over one connection for each sender: the EVM in JSON-RPC batches of 100 of twenty senders, and anvil the very same bytes; the others as octets, Cairo STRK by invokes of version 3, Fuel chains of transfers that each spend the change before. ` +
  `Time runs from the first submission to the event that the last transaction is executed, or that its height is certified, after a warm-up of ${100 * warmUpShare} % that isn't counted. ` +
  `CometBFT runs its key-value store on defaults, but without a pause after blocks, without an index of transactions and with a mempool as large as Lockstep's. anvil runs twice: as it comes, with a block for each transaction at once (fewer of them, since it slows down with their number), and with blocks only when all transactions are in its pool, so that it never waits for one; the EVM's rows are compared with both. ` +
  `The ceiling is what all cores would execute if the executors of all validators did nothing but what they do alone in one process: µs of processor time for a transaction where it is taken in and executed / where it is only executed, signatures included, ${enginesText(engines)}. ` +
  `CPU is user and system time from /proc for each process of the kind; memory is the most that one of them had resident (VmHWM). Cores busy are those of the run's processes, and those that other work on the machine took from it: where that is much, the rate is too low. ` +
  `Bundles are of ten accounts, each of which submits its own to one validator, the next once one is acknowledged, and sponsors them; they are signed beforehand, and one that aborts fails at its last leg. ` +
  `Latency is of single transactions, each seen at the validator that took it in, while nothing or half of the measured throughput goes on beside.`;

export const formatReport = (results: Results, isQuick: boolean): string =>
  [
    rowsOf(results).length > 0 ? throughputTable(results) : undefined,
    togetherTable(results),
    results.bundles && bundlesTable(results.bundles),
    latencyTable(results),
    results.bundles && bundleLatencyTable(results.bundles),
    method(results, isQuick),
    ...refusals(results),
    ...results.notes,
    ...results.problems,
  ]
    .filter((part) => part !== undefined)
    .join("\n\n");
