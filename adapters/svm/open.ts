/** Opens an SVM tenant: a new one from its config, one with sealed blocks from what was stored of them. */
import { asRoot, type Root, zeroRoot } from "../../protocol/ids.ts";
import { entriesRoot } from "../../protocol/payload.ts";
import type { OpenExecutor, Seal } from "../adapter.ts";
import { createAccounts } from "./accounts.ts";
import { addressOf } from "./addresses.ts";
import { createAdmission } from "./admission.ts";
import { encodeBlock, type SvmBlock } from "./block.ts";
import { createExecutor, headOf } from "./executor.ts";
import { genesisAccounts, genesisHashOf, parseSvmConfig, type SvmConfig } from "./genesis.ts";
import { buildTree, diffOf, restoreState, type SvmState } from "./state.ts";
import { loadTreeModule, type TreeModule, treeCall } from "./tree.ts";
import { blockhashOf, createWindow, nextAuxRoot } from "./window.ts";

const createGenesis = (module: TreeModule, config: SvmConfig, blockhash: Root): { state: SvmState; genesis: Seal } => {
  const stored = genesisAccounts(config);
  const tree = buildTree(module, 0, stored);
  const timestampMs = 1000 * config.timestamp;
  const first = { number: 0, timestampMs, blockhash, signatures: [] };
  const head: SvmBlock = {
    ...{ number: 0, timestampMs, blockhash, parent: zeroRoot, epochStart: config.timestamp, transactions: 0 },
    stateRoot: asRoot(Uint8Array.from(treeCall(() => tree.root(0)))),
    auxRoot: nextAuxRoot(zeroRoot, first),
  };
  const changes = stored.map(({ key, account }) => ({ key, before: undefined, after: account }));
  const genesis: Seal = {
    ...headOf(head),
    auxRoot: head.auxRoot,
    receiptsRoot: entriesRoot([]),
    gasUsed: 0,
    block: encodeBlock(head),
    diff: diffOf({ changes, before: undefined, after: head, added: first, forgotten: [] }),
  };
  return { state: { head, accounts: createAccounts(0, stored), window: createWindow([first]), tree }, genesis };
};

export const openSvmExecutor: OpenExecutor = async ({ domain, config, budget, writers, source, mark }) => {
  const parsed = parseSvmConfig(config);
  const module = await loadTreeModule();
  const genesisHash = genesisHashOf(domain, config);
  const blockhashUnder = (header: Root): Root => blockhashOf(domain, genesisHash, header);
  const opened =
    source === undefined
      ? createGenesis(module, parsed, blockhashUnder(zeroRoot))
      : { state: await restoreState(module, source), genesis: undefined };
  const executor = createExecutor({
    domain,
    state: opened.state,
    admission: createAdmission(module, budget.gas.largest, writers),
    feeRecipient: addressOf(parsed.feeRecipient),
    burst: budget.gas.burst,
    blockhashOf: blockhashUnder,
    mark,
  });
  const sealed = headOf(opened.state.head);
  return { executor, sealed, ...(opened.genesis === undefined ? {} : { genesis: opened.genesis }) };
};
