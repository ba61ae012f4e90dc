/**
 * Which request an executor serves next. Those that build the block come first, in their order, so that
 * reads never hold up more than the one that runs. After every few seals one waiting read has its turn, so that
 * reads go on while an executor catches up, and hold it up little. Transactions to inspect, which is quick, pass reads, which may not be.
 */
import { hostLimits } from "./limits.ts";
import { isBlockMethod, type Request } from "./messages.ts";

export type Schedule = { add(request: Request): void; next(): Request | undefined };

export const createSchedule = (): Schedule => {
  const block: Request[] = [];
  const inspections: Request[] = [];
  const reads: Request[] = [];
  const nextRead = (): Request | undefined => inspections.shift() ?? reads.shift();
  /** Since a read had its turn. */
  let seals = 0;
  return {
    add: (request) => {
      if (isBlockMethod(request.method)) block.push(request);
      else (request.method === "inspect" ? inspections : reads).push(request);
    },
    next: () => {
      const isReadsTurn = seals >= hostLimits.sealsPerRead;
      const request = isReadsTurn ? (nextRead() ?? block.shift()) : (block.shift() ?? nextRead());
      if (request?.method === "seal") seals++;
      else if (request !== undefined && !isBlockMethod(request.method)) seals = 0;
      return request;
    },
  };
};
