/** Opaque transactions: any bytes, of any length around the bounds. */
import { transactionLimits } from "../../protocol/limits.ts";
import { dataDomain } from "../e2e/domains.ts";
import type { VmGenerator } from "./generator.ts";

export const dataGenerator: VmGenerator = {
  domain: dataDomain,
  transaction: async (random) => {
    if (random.chance(0.002)) return new Uint8Array(transactionLimits.data + random.int(3) - 1);
    return random.bytes(random.pick([0, 1, 2, 32, 33, 100, 1000, 4096]));
  },
};
