/** A rollup's node that executes elsewhere: Lockstep orders its transactions and knows nothing of its chain. */
import { parseArgs } from "node:util";
import { watchForStop } from "../../../cli/lifecycle.ts";
import { followApis, parseDomain, parseTrustedApi, type TrustedApi } from "../../../cli/trustedApi.ts";
import type { OrderCursor } from "../../../messaging/light-client/order.ts";
import { toHex } from "../../../protocol/bytes.ts";
import { LockstepError, type Result } from "../../../protocol/errors.ts";
import { asHeight } from "../../../protocol/ids.ts";
import { createRules, openChain } from "./chain.ts";
import { serveRpc } from "./rpc.ts";
import { openStore } from "./store.ts";

const usage = "rollup-node <api...> --trust <root> [--domain 1] [--data-dir rollup-node.db] [--port 9545]";

const say = (text: string): unknown => process.stdout.write(`${text}\n`);

const valueOrThrow = <T>(result: Result<T>): T => {
  if (result.ok) return result.value;
  throw new LockstepError(result.error.code, result.error.message);
};

const readArguments = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      trust: { type: "string" },
      domain: { type: "string", default: "1" },
      "data-dir": { type: "string", default: "rollup-node.db" },
      port: { type: "string", default: "9545" },
    },
  });
  const { trust, domain, port, "data-dir": folder } = values;
  if (positionals.length === 0 || !/^[0-9]{1,5}$/.test(port)) throw new LockstepError("usage", usage);
  const apis: TrustedApi[] = positionals.map((api) => valueOrThrow(parseTrustedApi(api, trust)));
  return {
    apis,
    domain: valueOrThrow(parseDomain("domain", domain, "the tenant to follow")),
    folder,
    port: Number(port),
  };
};

const run = async (): Promise<void> => {
  const { apis, domain, folder, port } = readArguments();
  const watch = watchForStop({ dieWithParent: false, force: () => process.exit(130) });
  // A request under way may hold up the end for long, and the store is whole at any time.
  watch.signal.addEventListener("abort", () => setTimeout(() => process.exit(0), 2_000).unref());
  const common = createRules();
  const store = await openStore(folder, common);
  const chain = await openChain(common, store);
  const server = await serveRpc(chain, store, common, port);
  const { block, cursor } = chain.head();
  const after: OrderCursor = cursor ?? { height: asHeight(0) };
  say(`serves ${server.rpc}; at height ${after.height}, block ${block.header.number}`);
  try {
    const { signal } = watch;
    const report = ({ refusal }: { refusal: { message: string } }) => process.stderr.write(`${refusal.message}\n`);
    for await (const height of followApis(apis, { domain, after, signal, report })) {
      const { executed, passedOver } = await chain.apply(valueOrThrow(height));
      if (executed === 0) continue;
      const { number, stateRoot } = chain.head().block.header;
      say(`block ${number}: ${executed} executed, ${passedOver} passed over, state root ${toHex(stateRoot)}`);
    }
  } finally {
    await server.close();
    await store.close();
    watch.release();
  }
};

run().catch((error: unknown) => {
  process.stderr.write(`rollup-node: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
