/** Opens a Cairo tenant: a new one from its config, one with sealed blocks from what was stored of them. */
import { LockstepError } from "../../protocol/errors.ts";
import type { Mark, OpenExecutor } from "../adapter.ts";
import { createWriter } from "./binary.ts";
import { contract } from "./contracts/classes.ts";
import { gatewayAddress } from "./contracts/gateway.ts";
import { bufferOf, type CairoEngine, type EngineModule, engineCall, loadCairoEngine } from "./engine.ts";
import { createExecutor, headOf, sealOf } from "./executor.ts";
import { feltOf } from "./felt.ts";
import { type CairoGenesis, deployerAddress, parseCairoConfig, parseWriters } from "./genesis.ts";
import { type SierraClass, writeClass } from "./sierraClass.ts";
import { restoreEngine } from "./state.ts";

const chainOf = ({ chainId, feeRecipient, gas }: CairoGenesis) => ({
  chainId,
  sequencer: feeRecipient,
  largest: gas.largest,
  burst: gas.burst,
});

const encodeClass = (sierra: SierraClass): Buffer => {
  const writer = createWriter(new Uint8Array(0));
  writeClass(writer, sierra);
  return bufferOf(writer.bytes());
};

const createEngine = (module: EngineModule, config: CairoGenesis): CairoEngine => {
  const accounts = Object.entries(config.accounts).map(([address, { publicKey, balance }]) => [
    address,
    { publicKey, balance: feltOf(BigInt(balance)) },
  ]);
  const genesis = JSON.stringify({
    chain: chainOf(config),
    timestamp: config.timestamp,
    deployer: deployerAddress,
    gateway: gatewayAddress,
    accounts: Object.fromEntries(accounts),
  });
  const { account, token, deployer } = config.classes;
  const [accountClass, tokenClass, deployerClass] = [encodeClass(account), encodeClass(token), encodeClass(deployer)];
  const gatewayClass = encodeClass(contract("gateway").class);
  try {
    return engineCall(() => new module.CairoEngine(genesis, accountClass, tokenClass, deployerClass, gatewayClass));
  } catch (cause) {
    if (!(cause instanceof LockstepError) || cause.code !== "bad_input") throw cause;
    throw new LockstepError("bad_config", `config of a Cairo tenant: ${cause.message}`, {}, cause);
  }
};

const markWith = (engine: CairoEngine, mark: Mark | undefined): CairoEngine => {
  if (mark !== undefined) engineCall(() => engine.markEntries(mark.descriptor, mark.entryOffset));
  return engine;
};

export const openCairoExecutor: OpenExecutor = async (options) => {
  const config = parseCairoConfig(options.domain, options.config, options.budget);
  const writers = parseWriters(options.writers);
  const module = await loadCairoEngine();
  const { source, mark } = options;
  if (source !== undefined) {
    const engine = markWith(await restoreEngine(module, JSON.stringify(chainOf(config)), source), mark);
    return {
      executor: createExecutor(options.domain, engine, writers),
      sealed: headOf(engineCall(() => engine.head())),
    };
  }
  const engine = markWith(createEngine(module, config), mark);
  const genesis = sealOf(
    engineCall(() => engine.genesis()),
    [],
  );
  return {
    executor: createExecutor(options.domain, engine, writers),
    sealed: headOf(engineCall(() => engine.head())),
    genesis,
  };
};
