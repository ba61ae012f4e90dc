/** Fuel: fuel-vm over a UTXO set, sparse Merkle state, fuel-core's own GraphQL. */
import type { Adapter } from "../adapter.ts";
import { fuelBundles } from "./legs.ts";
import { openFuelExecutor } from "./open.ts";

export const fuelAdapter: Adapter = {
  vm: "fuel",
  isolated: true,
  open: openFuelExecutor,
  protocolWrites: () => [],
  bundles: fuelBundles,
  serve: async (services, listen) => {
    const { serveFuelRpc } = await import("./rpc/server.ts");
    return await serveFuelRpc(services, listen);
  },
};
