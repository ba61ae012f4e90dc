/** Node's sha256, which uses the processor's instructions where there are some. */
import { hash } from "node:crypto";
import { useSha256 } from "../../protocol/hash.ts";

/** Half as much work for short byte strings as a Buffer, which has memory of its own outside the JavaScript heap. */
const native = (bytes: Uint8Array): Uint8Array => {
  const text = hash("sha256", bytes, "binary");
  const digest = new Uint8Array(32);
  for (let i = 0; i < 32; i++) digest[i] = text.charCodeAt(i);
  return digest;
};

/** Makes this process hash byte strings natively. */
export const useNativeSha256 = (): void => useSha256(native);
