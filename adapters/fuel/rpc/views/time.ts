/** Time in Fuel's scale. */
import { tai64 } from "../../block.ts";

/** Now, by this node's clock: for what is not in a block yet. */
export const taiNow = (): bigint => tai64(Math.floor(Date.now() / 1000));
