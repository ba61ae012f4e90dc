/** Transfers signed beforehand, by several processes at once. */
import { availableParallelism } from "node:os";
import { deal } from "./bodies.ts";
import { warmUpShare } from "./options.ts";
import type { Signing } from "./signer.ts";
import type { Phase } from "./throughput.ts";
import { fundedSenders, senders, type VmName } from "./vms/part.ts";
import { startWorker } from "./worker.ts";
import type { Workspace } from "./workspace.ts";

/** Of each sender, in their order. */
export type Transfers = Record<Phase, Uint8Array[][]>;

/** Only those that the devnet funds send in the warm-up, so much more therefore. */
export const signTransfers = async (
  workspace: Workspace,
  vm: VmName,
  perSender: number,
  recent = "",
): Promise<Transfers> => {
  const warmUp = Math.round((warmUpShare * perSender * senders[vm]) / fundedSenders);
  const all = Array.from({ length: senders[vm] }, (_, sender) => ({
    sender,
    count: sender < fundedSenders ? warmUp + perSender : perSender,
  }));
  const shares = deal(all, Math.min(availableParallelism(), 8));
  const signed = await Promise.all(
    shares.map((share) =>
      workspace.using(
        () => startWorker<Signing, Uint8Array[][]>("./signer.ts"),
        (worker) => worker.ask({ vm, recent, senders: share }),
      ),
    ),
  );
  const inTurn = signed.flat();
  const bySender = new Map(shares.flat().map(({ sender }, at) => [sender, inTurn[at] ?? []]));
  const of = (sender: number): Uint8Array[] => bySender.get(sender) ?? [];
  return {
    warmUp: all.slice(0, fundedSenders).map(({ sender }) => of(sender).slice(0, warmUp)),
    measured: all.map(({ sender }) => of(sender).slice(sender < fundedSenders ? warmUp : 0)),
  };
};

/** The first of them: at most so many of each sender in the warm-up, and after it. */
export const shorten = ({ warmUp, measured }: Transfers, count: number): Transfers => ({
  warmUp: warmUp.map((own) => own.slice(0, count)),
  measured: measured.map((own, i) => [...(warmUp[i]?.slice(count) ?? []), ...own].slice(0, count)),
});

/** All of them, the senders' in turn. */
export const interleave = (transfers: readonly Uint8Array[][]): Uint8Array[] =>
  (transfers[0] ?? []).flatMap((_, at) => transfers.flatMap((own) => own.slice(at, at + 1)));
