/** What became of bundles, for the mempool and for whoever asks. */
import { fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { asRoot } from "../../protocol/ids.ts";
import type { OrderedBundle } from "../block/payload.ts";
import type { SettledSlice } from "../mempool/pool.ts";
import type { BundleStatus } from "../service.ts";
import { type BundleEnding, type BundleRecord, bundleEndings, type LedgerRecord } from "./record.ts";

const none = new Uint8Array();

/** The bundles of a settled height, as the mempool takes them: executed ones have come to their end. */
export const settledBundles = (
  { bundles }: LedgerRecord,
  ordered: readonly OrderedBundle[],
): SettledSlice["executions"] =>
  ordered.map(({ key, bytes }, index) => {
    const { id, ending } = bundles[index] as BundleRecord;
    const executed = { nativeId: toHex(id), receipt: none, gas: 0, gasUsed: 0 };
    return {
      key,
      id: asRoot(fromHex(key) ?? none),
      bytes,
      execution:
        ending === bundleEndings.skipped
          ? { kind: "omitted", index, reason: "invalid", hopeless: false }
          : { kind: "applied", index, ...executed, succeeded: ending === bundleEndings.committed },
    };
  });

const endingName = (number: number): BundleEnding =>
  (Object.keys(bundleEndings) as BundleEnding[]).find((name) => bundleEndings[name] === number) ?? "skipped";

/** @param nativeIds of the legs, where they were applied */
export const statusOf = (
  { height, bundles }: LedgerRecord,
  position: number,
  { bundle, leaves }: Pick<OrderedBundle, "bundle" | "leaves">,
  nativeIds: readonly (Hex | undefined)[],
): BundleStatus => {
  const { id, ending, reason, failedLeg, failure, charged } = bundles[position] as BundleRecord;
  const status = endingName(ending);
  const before = bundles.slice(0, position).filter((other) => other.ending !== bundleEndings.skipped).length;
  const [leg] = failedLeg;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return {
    id,
    status,
    height,
    legs: bundle.legs.map(({ domain }, i) => {
      const nativeId = nativeIds[i];
      return { domain, id: leaves[i] ?? asRoot(none), ...(nativeId === undefined ? {} : { nativeId }) };
    }),
    ...(status === "skipped" ? {} : { index: before }),
    ...(status === "committed" ? {} : { reason: text(reason) }),
    ...(leg === undefined ? {} : { failedLeg: leg }),
    ...(failure.length === 0 ? {} : { failure: text(failure) }),
    charged,
  };
};
