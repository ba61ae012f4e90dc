/** Cairo: Starknet's own blockifier, Patricia state, Starknet's JSON-RPC. */
import type { Adapter } from "../adapter.ts";
import { openCairoExecutor } from "./open.ts";

export const cairoAdapter: Adapter = {
  vm: "cairo",
  isolated: true,
  open: openCairoExecutor,
  protocolWrites: () => [],
  serve: async (services, listen) => {
    const { serveCairoRpc } = await import("./rpc/server.ts");
    return await serveCairoRpc(services, listen);
  },
};
