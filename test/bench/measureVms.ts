/** Which measurements of VMs are asked for, and what they share: transfers are signed once, an engine measured once. */
import { measureAnvil } from "./anvil.ts";
import type { EngineRate } from "./engine.ts";
import type { Options } from "./options.ts";
import type { Results } from "./report.ts";
import { measureTogether } from "./together.ts";
import { type VmName, vmNames } from "./vms/part.ts";
import { measureVm, measureVmEngine, prepareTransfers, type Signed } from "./vmThroughput.ts";
import type { Workspace } from "./workspace.ts";

/** Does one part of the work, says what it is, and notes when it fails. */
export type Measure = (what: string, work: () => Promise<void>) => Promise<void>;

const atAnvil = async (workspace: Workspace, signed: Signed, results: Results, measure: Measure): Promise<void> => {
  await measure("anvil, a block for each transaction", async () => {
    results.anvil.instant = await measureAnvil(workspace, "instant", await signed());
  });
  await measure("anvil, blocks at the end", async () => {
    results.anvil.manual = await measureAnvil(workspace, "manual", await signed());
  });
};

/** Fills `results` in as it goes. */
export const measureVms = async (
  workspace: Workspace,
  { only, sizes }: Pick<Options, "only" | "sizes">,
  results: Results,
  measure: Measure,
): Promise<void> => {
  const engineOf = async (vm: VmName, signed: Signed): Promise<EngineRate> => {
    const rate = results.engines[vm] ?? (await measureVmEngine(workspace, vm, signed));
    results.engines[vm] = rate;
    return rate;
  };

  const alone = async (vm: VmName, signed: Signed): Promise<void> => {
    await measure(`${vm} engine`, async () => {
      await engineOf(vm, signed);
    });
    const engine = results.engines[vm];
    if (engine === undefined) return;
    await measure(`${vm}, 4 validators`, async () => {
      results.vms[vm] = { four: await measureVm(workspace, vm, 4, signed, engine) };
    });
    await measure(`${vm}, 1 validator`, async () => {
      results.vms[vm] = { ...results.vms[vm], one: await measureVm(workspace, vm, 1, signed, engine) };
    });
  };

  for (const vm of vmNames) {
    const signed = prepareTransfers(workspace, vm, sizes.vms[vm]);
    if (only.includes(vm)) await alone(vm, signed);
    if (vm === "evm" && only.includes("anvil")) await atAnvil(workspace, signed, results, measure);
  }
  if (!only.includes("four")) return;
  await measure("all VMs at once, 4 validators", async () => {
    const parts = [];
    for (const vm of vmNames) {
      const signed = prepareTransfers(workspace, vm, sizes.four[vm]);
      parts.push({ vm, signed, engine: await engineOf(vm, signed) });
    }
    results.together = await measureTogether(workspace, parts);
  });
};
