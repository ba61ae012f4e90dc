/** Votes like everybody, proposes nothing. */
import { distort } from "./adversary.ts";

export const silentLeader = distort(() => (message) => (message.type === "proposal" ? [] : [message]));
