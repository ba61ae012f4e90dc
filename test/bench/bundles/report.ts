/** What was measured of bundles, as tables. */
import { percentiles } from "../percentile.ts";
import { markdownTable, number } from "../table.ts";
import type { BundleRate, Bundles } from "./measure.ts";

export const perSecond = ({ bundles, executedMs }: BundleRate): number => (1000 * bundles) / executedMs;

export const bundlesTable = ({ rates }: Bundles): string => {
  const committedOf = ({ legs }: BundleRate): BundleRate | undefined =>
    rates.find((rate) => rate.ends === "committed" && rate.legs.join() === legs.join());
  const shareOf = (rate: BundleRate): number | undefined => {
    const committed = committedOf(rate);
    return committed && (100 * perSecond(rate)) / perSecond(committed);
  };
  return markdownTable<BundleRate>(
    [
      {
        title: "Bundles, 4 validators",
        cell: ({ legs, ends, bundles }) => `${legs.length} legs: ${legs.join(", ")}; ${bundles} ${ends}`,
      },
      { title: "executed/s", cell: (rate) => number(perSecond(rate)) },
      { title: "legs/s", cell: (rate) => number(rate.legs.length * perSecond(rate)) },
      { title: "% of committed", cell: (rate) => number(shareOf(rate)) },
      { title: "certified/s", cell: ({ bundles, certifiedMs }) => number((1000 * bundles) / certifiedMs) },
    ],
    rates,
  );
};

export const bundleLatencyTable = ({ latency }: Bundles): string =>
  markdownTable<[string, readonly number[]]>(
    [
      { title: "From sending one bundle of four VMs, idle", cell: ([stage]) => stage },
      {
        title: "ms p50 / p90 / p99",
        cell: ([, values]) => {
          const found = percentiles(values);
          return found === undefined ? "–" : [found.p50, found.p90, found.p99].map(number).join(" / ");
        },
      },
    ],
    Object.entries(latency),
  );
