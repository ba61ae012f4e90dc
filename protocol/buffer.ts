/**
 * `@chainsafe/ssz` writes lengths of lists through Node's Buffer. Importing this module before any SSZ
 * type is made gives browsers a whole one, as pages that use other libraries of the field have anyway.
 */
import { Buffer } from "buffer/index.js";

globalThis.Buffer ??= Buffer as unknown as typeof globalThis.Buffer;
