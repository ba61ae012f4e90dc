/**
 * Fields about messages between Fuel and the chain it settles on. A tenant settles on none, and transactions that would
 * spend a message are refused, so there never is one: not to be found is the true answer.
 */
import { apiError } from "./context.ts";
import { type PageArgs, paginate } from "./paging.ts";

export const messageFields = () => ({
  message: () => null,
  messages: (page: PageArgs) => paginate<never>(page, () => []),
  messageStatus: () => ({ state: "NOT_FOUND" }),
  messageProof: () => {
    throw apiError(
      "unsupported",
      "there is no chain that messages go to: a MESSAGE_OUT receipt can't be redeemed there",
    );
  },
  relayedTransactionStatus: () => null,
});
