/** Node's sha256, which uses the processor's instructions where there are some. */
import { hash } from "node:crypto";
import { useSha256 } from "../../protocol/hash.ts";

/** Makes this process hash byte strings natively. Roots stay plain arrays: a Buffer would share its memory with others. */
export const useNativeSha256 = (): void => useSha256((bytes) => new Uint8Array(hash("sha256", bytes, "buffer")));
