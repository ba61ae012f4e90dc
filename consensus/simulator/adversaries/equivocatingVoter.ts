/** Notarizes and finalizes also what nobody proposed, well signed: to some instead, to others on top. */
import { asRoot } from "../../../protocol/ids.ts";
import { distort, signed } from "./adversary.ts";

export const equivocatingVoter = distort((body) => (message, to) => {
  if (message.type !== "vote" || message.vote.kind === "nullify") return [message];
  const { kind, proposal } = message.vote;
  const other = signed(body, { kind, proposal: { ...proposal, headerRoot: asRoot(body.random.bytes(32)) } });
  const lie = { type: "vote", vote: other } as const;
  return to % 2 === 1 ? [lie] : [message, lie];
});
