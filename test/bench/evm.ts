/** EVM transfers, signed beforehand, through Lockstep and through anvil: the very same bytes. */
import { availableParallelism } from "node:os";
import { evmAccounts } from "../../devnet/accounts.ts";
import { fromHex, type Hex } from "../../protocol/bytes.ts";
import { type Mining, startAnvil } from "./anvil.ts";
import { chunksOf, deal } from "./bodies.ts";
import type { EngineRate, EngineRun } from "./engine.ts";
import { rpcBatch } from "./http.ts";
import type { Load } from "./load.ts";
import { startNetwork } from "./network.ts";
import { type Sizes, warmUpShare } from "./options.ts";
import type { Target } from "./progress.ts";
import type { Signing } from "./signer.ts";
import { measureThroughput, type Throughput } from "./throughput.ts";
import { startWorker } from "./worker.ts";
import type { Workspace } from "./workspace.ts";

export const chainId = 31337;
export const transferBatch = 100;
const transferGas = 21_000;
const transfersPerBlock = 1000;

/** Raw transactions of each sender, in the order of their nonces. */
export type Transfers = { warmUp: Hex[][]; measured: Hex[][] };

/** The devnet funds the first ten; each of these funds one more before it does anything else. */
const senders = 20;

const sign = async (workspace: Workspace, accounts: Signing["accounts"], count: number): Promise<Hex[][]> => {
  const shares = deal(accounts, Math.min(availableParallelism(), 8));
  const signed = await Promise.all(
    shares.map((share) =>
      workspace.using(
        () => startWorker<Signing, Hex[][]>("./signer.ts"),
        (worker) => worker.ask({ accounts: share, count, chainId }),
      ),
    ),
  );
  return signed.flat();
};

/** Only those that the devnet funds send in the warm-up, twice as much therefore. */
export const signTransfers = async (workspace: Workspace, { evm }: Sizes): Promise<Transfers> => {
  const accounts = evmAccounts(senders);
  const others = accounts.slice(senders / 2);
  const funded = accounts
    .slice(0, senders / 2)
    .map((account, i) => ({ ...account, funds: others[i]?.address ?? "0x" }));
  const warmUp = Math.round(2 * warmUpShare * evm.perSender);
  const first = await sign(workspace, funded, warmUp + evm.perSender);
  const second = await sign(workspace, others, evm.perSender);
  return {
    warmUp: first.map((own) => own.slice(0, warmUp)),
    measured: [...first.map((own) => own.slice(warmUp)), ...second],
  };
};

/** The first of them: at most so many of each sender in the warm-up, and after it. */
const shorten = ({ warmUp, measured }: Transfers, count: number): Transfers => ({
  warmUp: warmUp.map((own) => own.slice(0, count)),
  measured: measured.map((own, i) => [...(warmUp[i]?.slice(count) ?? []), ...own].slice(0, count)),
});

/** A block for each transfer takes anvil longer the more there are. */
const mostInstant = 100;

/** A connection for each sender, spread over the endpoints. */
const loadOf = (transfers: readonly Hex[][], rpcs: readonly string[], target: Target): Load => ({
  target,
  connections: transfers.map((own, at) => ({
    url: rpcs[at % rpcs.length] ?? "",
    contentType: "application/json",
    bodies: chunksOf(own, transferBatch).map((batch) =>
      rpcBatch(
        "eth_sendRawTransaction",
        batch.map((raw) => [raw]),
      ),
    ),
  })),
  transactions: transfers.reduce((sum, own) => sum + own.length, 0),
});

export const measureEvm = async (
  workspace: Workspace,
  validators: 1 | 4,
  { warmUp, measured }: Transfers,
): Promise<Throughput> =>
  workspace.using(
    () => startNetwork(workspace, validators, "evm"),
    (network) => {
      const target: Target = { kind: "lockstep", api: network.apis[0] ?? "", domain: chainId, gas: transferGas };
      return measureThroughput(
        workspace,
        { validator: network.validators, executor: network.executors },
        loadOf(warmUp, network.rpcs, target),
        loadOf(measured, network.rpcs, target),
      );
    },
  );

export const measureAnvil = async (workspace: Workspace, mining: Mining, transfers: Transfers): Promise<Throughput> =>
  workspace.using(
    () => startAnvil(chainId, mining),
    ({ url, pid }) => {
      const { warmUp, measured } = mining === "instant" ? shorten(transfers, mostInstant) : transfers;
      const target: Target = { kind: "anvil", url, senders: evmAccounts(senders).map(({ address }) => address) };
      return measureThroughput(
        workspace,
        { validator: [pid] },
        loadOf(warmUp, [url], target),
        loadOf(measured, [url], target),
      );
    },
  );

const bytesOf = (raw: Hex): Uint8Array => {
  const bytes = fromHex(raw);
  if (bytes === undefined) throw new Error(`${raw} is no transaction`);
  return bytes;
};

/** Blocks hold the senders' transfers in turn. */
const interleave = (transfers: readonly Hex[][]): Uint8Array[] =>
  (transfers[0] ?? []).flatMap((_, at) => transfers.flatMap((own) => own.slice(at, at + 1).map(bytesOf)));

export const measureEvmEngine = (workspace: Workspace, { warmUp, measured }: Transfers): Promise<EngineRate> =>
  workspace.using(
    () => startWorker<EngineRun, EngineRate>("./engine.ts"),
    (worker) => {
      const first = interleave(warmUp);
      const transactions = [...first, ...interleave(measured)];
      return worker.ask({ vm: "evm", transactions, warmUp: first.length, perBlock: transfersPerBlock });
    },
  );
