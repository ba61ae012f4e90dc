/** What is measured, and how much of it. */
import { parseArgs } from "node:util";
import { senders, type VmName, vmNames } from "./vms/part.ts";

export const parts = [
  "ordering",
  "latency",
  "evm",
  "svm",
  "cairo",
  "fuel",
  "four",
  "bundles",
  "cometbft",
  "anvil",
] as const;
export type Part = (typeof parts)[number];

export type Sizes = {
  /** Opaque transactions through four validators, through one, and through CometBFT. */
  ordering: { four: number; one: number; cometbft: number };
  /** Single transactions followed for latency, idle and at half load, and the pause between two. */
  latency: { samples: number; pauseMs: number };
  /** Transfers of each sender (`vms/part.ts`). */
  vms: Record<VmName, number>;
  /** The same where all VMs work at once, in proportion to what they come to there. */
  four: Record<VmName, number>;
  /** Bundles of each of ten accounts, of each kind (at most as many as it has coins), and single ones. */
  bundles: { each: number; samples: number };
  /** Transactions through an executor alone. */
  engine: { data: number };
};

/** Share of each load that comes before what is measured, so that compilers and caches have settled. */
export const warmUpShare = 0.5;

const full: Sizes = {
  ordering: { four: 80_000, one: 120_000, cometbft: 20_000 },
  latency: { samples: 200, pauseMs: 100 },
  vms: { evm: 2500, svm: 500, cairo: 150, fuel: 600 },
  four: { evm: 1000, svm: 200, cairo: 60, fuel: 400 },
  bundles: { each: 10, samples: 20 },
  engine: { data: 200_000 },
};

const quick: Sizes = {
  ordering: { four: 4000, one: 8000, cometbft: 2000 },
  latency: { samples: 20, pauseMs: 50 },
  vms: { evm: 100, svm: 50, cairo: 10, fuel: 100 },
  four: { evm: 50, svm: 20, cairo: 10, fuel: 20 },
  bundles: { each: 2, samples: 3 },
  engine: { data: 20_000 },
};

export type Options = { sizes: Sizes; isQuick: boolean; only: readonly Part[]; json: string | undefined };

const transfers = (vm: VmName, perSender: Record<VmName, number>): number => senders[vm] * perSender[vm];

const allTransfers = (perSender: Record<VmName, number>): string =>
  vmNames.map((vm) => `${transfers(vm, perSender)} ${vm}`).join(", ");

export const usage = `npm run bench -- [flags]

  --quick            small sizes: whether everything works, not how fast it is
  --only <parts>     some of ${parts.join(",")}
  --json <file>      also writes everything measured to a file
  --help

Full sizes, quick sizes:
  ordering   ${full.ordering.four} transactions of 250 bytes through 4 validators, ${full.ordering.one} through 1; ${quick.ordering.four}, ${quick.ordering.one}
  latency    ${full.latency.samples} single transactions idle, as many at half load; ${quick.latency.samples}
${vmNames.map((vm) => `  ${vm.padEnd(10)} ${transfers(vm, full.vms)} transfers through 4 validators, as many through 1; ${transfers(vm, quick.vms)}`).join("\n")}
  four       all VMs at once through 4 validators: ${allTransfers(full.four)}; ${allTransfers(quick.four)}
  bundles    of two and four legs, ${10 * full.bundles.each} of a kind, committed and aborted; ${10 * quick.bundles.each}
  anvil      the EVM's transfers with blocks at the end, and 2000 of them with a block for each
  cometbft   ${full.ordering.cometbft} transactions of 250 bytes through 4 nodes; ${quick.ordering.cometbft}
`;

const isPart = (name: string): name is Part => parts.some((part) => part === name);

/** `help` when that is what was asked for. @throws Error that says what is wrong with the flags */
export const parseOptions = (args: readonly string[]): Options | "help" => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const only = values.only?.split(",") ?? [...parts];
  const unknown = only.find((name) => !isPart(name));
  if (unknown !== undefined) throw new Error(`--only knows ${parts.join(", ")}, not ${JSON.stringify(unknown)}`);
  return {
    sizes: values.quick ? quick : full,
    isQuick: values.quick,
    only: only.filter(isPart),
    json: values.json,
  };
};
