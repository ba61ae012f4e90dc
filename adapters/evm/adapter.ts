/** The EVM: Prague rules on revm, Merkle-Patricia state, Ethereum's own JSON-RPC. */
import type { Adapter } from "../adapter.ts";
import { openEvmExecutor } from "./executor.ts";
import { evmBundles } from "./legs.ts";
import { evmProtocolWrites } from "./protocolWrites.ts";

export const evmAdapter: Adapter = {
  vm: "evm",
  isolated: true,
  open: openEvmExecutor,
  protocolWrites: evmProtocolWrites,
  bundles: evmBundles,
  serve: async (services, listen) => {
    const { serveEvmRpc } = await import("./rpc/server.ts");
    return await serveEvmRpc(services, listen);
  },
};
