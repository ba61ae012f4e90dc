/** Public keys, parsed and validated once. */
import { toHex } from "../../protocol/bytes.ts";
import type { PublicKey } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";

/** Room for the sets of a few epochs, none of whose members stayed. */
const capacity = 4 * limits.validators;

/**
 * Remembers what `parse` made of the most recently added keys. `parse` throws on anything but a
 * point of the group other than infinity; refused keys are not remembered.
 */
export const createKeyCache = <Parsed>(
  parse: (publicKey: PublicKey) => Parsed,
): ((publicKey: PublicKey) => Parsed | undefined) => {
  const known = new Map<string, Parsed>();
  return (publicKey) => {
    if (publicKey.length !== 48) return undefined;
    const id = toHex(publicKey);
    const hit = known.get(id);
    if (hit !== undefined) return hit;
    let parsed: Parsed;
    try {
      parsed = parse(publicKey);
    } catch {
      return undefined;
    }
    if (known.size >= capacity) {
      for (const oldest of known.keys()) {
        known.delete(oldest);
        break;
      }
    }
    known.set(id, parsed);
    return parsed;
  };
};
