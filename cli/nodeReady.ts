/** The line that `lockstep node` prints once it serves, for whoever started it. */
import { z } from "zod";

export const NodeReady = z.strictObject({
  ready: z.literal(true),
  index: z.int().min(0),
  pid: z.int().min(1),
  /** URL of the HTTP API. */
  api: z.string(),
  /** Multiaddr it listens on. */
  p2p: z.string(),
  tenants: z.array(
    z.strictObject({
      domain: z.int().min(0),
      vm: z.string(),
      /** Absent where the VM has no API of its own. */
      rpc: z.string().optional(),
      ws: z.string().optional(),
    }),
  ),
});

export type NodeReady = z.infer<typeof NodeReady>;
