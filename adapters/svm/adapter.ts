/** The SVM: Agave's runtime in litesvm, sparse Merkle state, Solana's own JSON-RPC. */
import type { Adapter } from "../adapter.ts";
import { svmBundles } from "./legs.ts";
import { openSvmExecutor } from "./open.ts";

export const svmAdapter: Adapter = {
  vm: "svm",
  isolated: true,
  open: openSvmExecutor,
  protocolWrites: () => [],
  bundles: svmBundles,
  serve: async (services, listen) => {
    const { serveSvmRpc } = await import("./rpc/server.ts");
    return await serveSvmRpc(services, listen);
  },
};
