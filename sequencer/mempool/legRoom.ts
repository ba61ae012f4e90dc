/** What is left of each tenant's room while a batch is filled: legs of bundles take of it before the lanes do. */
import type { Domain } from "../../protocol/ids.ts";
import type { Room } from "../batch/room.ts";
import type { LegLoad } from "../bundle/admission.ts";

export type LegRoom = {
  left(domain: Domain): Room;
  /** Takes the room of all these legs, or none of it. */
  take(legs: readonly LegLoad[]): boolean;
};

export const createLegRoom = (room: (domain: Domain) => Room): LegRoom => {
  const rooms = new Map<Domain, Room>();
  const left = (domain: Domain): Room => {
    const known = rooms.get(domain) ?? room(domain);
    rooms.set(domain, known);
    return known;
  };
  return {
    left,
    take: (legs) => {
      const after = new Map<Domain, Room>();
      for (const { domain, gas, bytes } of legs) {
        const before = after.get(domain) ?? left(domain);
        const next = { gas: before.gas - gas, bytes: before.bytes - bytes, legGas: before.legGas - gas };
        if (next.gas < 0 || next.bytes < 0 || next.legGas < 0) return false;
        after.set(domain, next);
      }
      for (const [domain, next] of after) rooms.set(domain, next);
      return true;
    },
  };
};
