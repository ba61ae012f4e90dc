/** Cairo: Starknet's own blockifier, Patricia state, Starknet's JSON-RPC. */
import type { Adapter } from "../adapter.ts";
import { cairoBundles } from "./legs.ts";
import { openCairoExecutor } from "./open.ts";

export const cairoAdapter: Adapter = {
  vm: "cairo",
  isolated: true,
  open: openCairoExecutor,
  protocolWrites: () => [],
  bundles: cairoBundles,
  serve: async (services, listen) => {
    const { serveCairoRpc } = await import("./rpc/server.ts");
    return await serveCairoRpc(services, listen);
  },
};
