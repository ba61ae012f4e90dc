/** A process that signs transfers of a VM, before anything is measured. */
import type { VmName } from "./vms/part.ts";
import { vmParts } from "./vms/vms.ts";
import { serve } from "./worker.ts";

export type Signing = { vm: VmName; recent: string; senders: readonly { sender: number; count: number }[] };

serve(async ({ vm, recent, senders }: Signing): Promise<Uint8Array[][]> => {
  const signed: Uint8Array[][] = [];
  for (const { sender, count } of senders) signed.push(await vmParts[vm].sign(sender, count, recent));
  return signed;
});
