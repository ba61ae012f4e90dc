/**
 * Which request an executor serves next. Those that build the block come first, in their order, so that
 * reads never hold up more than the one that runs. After every few seals one waiting read has its turn, so that
 * reads go on while an executor catches up, and hold it up little. Transactions to inspect, which is quick, pass reads, which may not be. Simulations build a block of their own,
 * so they wait while one is open.
 */
import { hostLimits } from "./limits.ts";
import { isBlockMethod, type Request } from "./messages.ts";

export type Schedule = { add(request: Request): void; next(): Request | undefined };

export const createSchedule = (): Schedule => {
  const block: Request[] = [];
  const inspections: Request[] = [];
  const reads: Request[] = [];
  const simulations: Request[] = [];
  let isOpen = false;
  const nextRead = (): Request | undefined =>
    inspections.shift() ?? reads.shift() ?? (isOpen ? undefined : simulations.shift());
  /** Since a read had its turn. */
  let seals = 0;
  return {
    add: (request) => {
      if (isBlockMethod(request.method)) block.push(request);
      else if (request.method === "simulate") simulations.push(request);
      else (request.method === "inspect" || request.method === "inspectLegs" ? inspections : reads).push(request);
    },
    next: () => {
      const isReadsTurn = seals >= hostLimits.sealsPerRead;
      const request = isReadsTurn ? (nextRead() ?? block.shift()) : (block.shift() ?? nextRead());
      if (request?.method === "begin") isOpen = true;
      else if (request?.method === "seal" || request?.method === "discard") isOpen = false;
      if (request?.method === "seal") seals++;
      else if (request !== undefined && !isBlockMethod(request.method)) seals = 0;
      return request;
    },
  };
};
