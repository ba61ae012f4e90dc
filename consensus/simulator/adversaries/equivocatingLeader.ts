/** Proposes one header to the first half of its peers and another to the rest, both well signed. */
import { Header } from "../../../protocol/header.ts";
import type { Message } from "../../simplex/statement.ts";
import { distort, signed } from "./adversary.ts";

export const equivocatingLeader = distort((body) => {
  const twinOf = (message: Extract<Message, { type: "proposal" }>): Message => {
    const header = { ...message.block.header, timestampMs: message.block.header.timestampMs + 1 };
    const root = Header.root(header);
    const proposal = { ...message.vote.proposal, headerRoot: root };
    return { ...message, block: { header, root }, vote: signed(body, { kind: "notarize", proposal }) };
  };
  return (message, to) => [message.type === "proposal" && to % 2 === 1 ? twinOf(message) : message];
});
