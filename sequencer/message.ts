/** Messages between validators outside consensus: one byte that tells the kind, then the body. */
export const tagged = (tag: number, body: Uint8Array): Uint8Array => {
  const message = new Uint8Array(body.length + 1);
  message[0] = tag;
  message.set(body, 1);
  return message;
};
