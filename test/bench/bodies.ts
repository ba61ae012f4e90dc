/** Bodies of requests with many transactions in each. */

export const chunksOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** `POST /v1/transactions` as octets: each transaction as u32 big-endian length and bytes. */
export const octets = (transactions: readonly Uint8Array[]): Buffer =>
  Buffer.concat(
    transactions.flatMap((transaction) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(transaction.length);
      return [length, transaction];
    }),
  );

/** A request that submits transactions of a tenant at a validator's API. */
export const octetsTo = (api: string, domain: number, transactions: readonly Uint8Array[]) => ({
  url: `${api}/v1/transactions?domain=${domain}`,
  contentType: "application/octet-stream",
  body: octets(transactions),
});

/** Deals items to `count` hands in turn. */
export const deal = <T>(items: readonly T[], count: number): T[][] =>
  Array.from({ length: count }, (_, hand) => items.filter((_, at) => at % count === hand));
