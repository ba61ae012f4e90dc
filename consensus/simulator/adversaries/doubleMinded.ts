/** Finalizes and nullifies the same views, in either order. */
import { nullifyOf } from "../../simplex/statement.ts";
import { distort, signed } from "./adversary.ts";

export const doubleMinded = distort((body) => (message, to) => {
  if (message.type !== "vote" || message.vote.kind !== "finalize") return [message];
  const { epoch, view } = message.vote.proposal;
  const opposite = { type: "vote", vote: signed(body, nullifyOf(epoch, view)) } as const;
  return to % 2 === 1 ? [opposite, message] : [message, opposite];
});
