/**
 * Which request an executor serves next. Those that build the block come first, in their order, so that
 * reads never hold up more than the one that runs. After each seal one waiting read has its turn, so that
 * reads go on while an executor catches up. Transactions to inspect, which is quick, pass reads, which may not be.
 */
import { isBlockMethod, type Request } from "./messages.ts";

export type Schedule = { add(request: Request): void; next(): Request | undefined };

export const createSchedule = (): Schedule => {
  const block: Request[] = [];
  const inspections: Request[] = [];
  const reads: Request[] = [];
  const nextRead = (): Request | undefined => inspections.shift() ?? reads.shift();
  let readsTurn = false;
  return {
    add: (request) => {
      if (isBlockMethod(request.method)) block.push(request);
      else (request.method === "inspect" ? inspections : reads).push(request);
    },
    next: () => {
      const request = readsTurn ? (nextRead() ?? block.shift()) : (block.shift() ?? nextRead());
      readsTurn = request?.method === "seal";
      return request;
    },
  };
};
