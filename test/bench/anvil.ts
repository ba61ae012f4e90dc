/** anvil, the usual development node for the EVM. It comes as an optional dependency. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { evmAccounts, mnemonic } from "../../devnet/accounts.ts";
import { freePorts, type Peer, startPeer, untilAnswers } from "./peer.ts";
import type { Target } from "./progress.ts";
import { measureThroughput, type Throughput } from "./throughput.ts";
import { shorten, type Transfers } from "./transfers.ts";
import { chainId } from "./vms/evm.ts";
import { senders } from "./vms/part.ts";
import { loadOf } from "./vmThroughput.ts";
import type { Workspace } from "./workspace.ts";

const packageName = "@foundry-rs/anvil-linux-amd64";

/** Where its program is, if it was installed. */
export const findAnvil = (): string | undefined => {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
    const program = join(dirname(manifest), "bin", "anvil");
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
};

/** How it makes blocks: one for each transaction at once, as it does by default, or only when it is asked to. */
export type Mining = "instant" | "manual";

/** @throws Error when it isn't installed */
const startAnvil = async (mining: Mining): Promise<Peer> => {
  const program = findAnvil();
  if (program === undefined) throw new Error(`${packageName} is not installed`);
  const [port = 0] = await freePorts(1);
  const flags = ["--silent", "--hardfork", "prague", ...(mining === "manual" ? ["--no-mining"] : [])];
  const anvil = startPeer(
    program,
    ["--port", String(port), "--chain-id", String(chainId), "--mnemonic", mnemonic, ...flags],
    port,
  );
  try {
    await untilAnswers(anvil.url, "eth_chainId", (id) => Number(id) === chainId);
    return anvil;
  } catch (error) {
    await anvil.end();
    throw error;
  }
};

/** A block for each transfer takes anvil longer the more there are. */
const mostInstant = 100;

export const measureAnvil = async (workspace: Workspace, mining: Mining, transfers: Transfers): Promise<Throughput> =>
  workspace.using(
    () => startAnvil(mining),
    ({ url, pid }) => {
      const taken = mining === "instant" ? shorten(transfers, mostInstant) : transfers;
      const target: Target = { kind: "anvil", url, senders: evmAccounts(senders.evm).map(({ address }) => address) };
      return measureThroughput(workspace, { validator: [pid] }, (phase) =>
        loadOf("evm", taken[phase], [{ api: url, rpc: url }], target),
      );
    },
  );
