/** Opens a Fuel tenant: a new one from its config, one with sealed blocks from what was stored of them. */
import type { TenantBudget } from "../../protocol/budget.ts";
import type { Domain } from "../../protocol/ids.ts";
import type { OpenExecutor } from "../adapter.ts";
import { tai64 } from "./block.ts";
import { gatewayCode } from "./contracts/gatewayProgram.ts";
import { bufferOf, engineCall, type FuelEngine, loadFuelEngine } from "./engine.ts";
import { createExecutor, headOf, sealOf } from "./executor.ts";
import { type FuelConfig, packCoins, parseFuelConfig, parseWriters } from "./genesis.ts";
import { baseAssetId } from "./params.ts";
import { restoreEngine } from "./state.ts";

/** JSON of the engine's config. */
const engineConfig = (domain: Domain, { feeRecipient, gasPrice }: FuelConfig, { gas }: TenantBudget): string =>
  JSON.stringify({
    chainId: domain,
    baseAssetId,
    feeRecipient,
    gasPrice,
    blockGas: gas.burst,
    transactionGas: gas.largest,
  });

export const openFuelExecutor: OpenExecutor = async ({ domain, config, budget, writers, source, mark }) => {
  const parsed = parseFuelConfig(config);
  const owners = parseWriters(writers);
  const module = await loadFuelEngine();
  const chain = engineConfig(domain, parsed, budget);
  const ready = (engine: FuelEngine) => {
    if (mark !== undefined) engineCall(() => engine.markEntries(mark.descriptor, mark.entryOffset));
    const sealed = headOf(engineCall(() => engine.head()));
    return { executor: createExecutor(domain, engine, baseAssetId, owners), sealed };
  };
  if (source !== undefined) return ready(await restoreEngine(module, chain, source));
  const coins = bufferOf(packCoins(parsed));
  const gateway = bufferOf(gatewayCode(baseAssetId));
  const engine = engineCall(() => new module.FuelEngine(chain, tai64(parsed.timestamp), coins, gateway));
  return { ...ready(engine), genesis: sealOf(engineCall(() => engine.genesis())) };
};
