/**
 * Which request an executor serves next. Those that build the block come first, in their order, so that
 * reads never hold up more than the one that runs. After each seal one waiting read has its turn, so that
 * reads go on while an executor catches up.
 */
import { isBlockMethod, type Request } from "./messages.ts";

export type Schedule = { add(request: Request): void; next(): Request | undefined };

export const createSchedule = (): Schedule => {
  const block: Request[] = [];
  const reads: Request[] = [];
  let readsTurn = false;
  return {
    add: (request) => {
      (isBlockMethod(request.method) ? block : reads).push(request);
    },
    next: () => {
      const request = readsTurn ? (reads.shift() ?? block.shift()) : (block.shift() ?? reads.shift());
      readsTurn = request?.method === "seal";
      return request;
    },
  };
};
