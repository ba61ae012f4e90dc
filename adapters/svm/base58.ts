/** Base58 with Bitcoin's alphabet: how Solana writes keys, hashes and signatures. */

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const values = new Map([...alphabet].map((digit, value) => [digit, value]));

/** `digits` of `from` as digits of `to`, most significant first; leading zeros stay as many as they were. */
const convert = (digits: Iterable<number>, from: number, to: number): number[] => {
  let zeros = 0;
  let isLeading = true;
  /** Least significant first. */
  const converted: number[] = [];
  for (const digit of digits) {
    isLeading &&= digit === 0;
    if (isLeading) {
      zeros++;
      continue;
    }
    let carry = digit;
    for (let i = 0; i < converted.length; i++) {
      carry += (converted[i] as number) * from;
      converted[i] = carry % to;
      carry = Math.floor(carry / to);
    }
    for (; carry > 0; carry = Math.floor(carry / to)) converted.push(carry % to);
  }
  return [...new Array<number>(zeros).fill(0), ...converted.reverse()];
};

export const toBase58 = (bytes: Uint8Array): string =>
  convert(bytes, 256, 58)
    .map((value) => alphabet[value])
    .join("");

/** Bytes of a text that stands for exactly `length` of them; `undefined` for anything else. */
export const fromBase58 = (text: string, length: number): Uint8Array | undefined => {
  // 138 / 100 is more than log 256 / log 58: longer texts stand for more bytes.
  if (text.length > (length * 138) / 100 + 1) return undefined;
  const digits: number[] = [];
  for (const digit of text) {
    const value = values.get(digit);
    if (value === undefined) return undefined;
    digits.push(value);
  }
  const bytes = convert(digits, 58, 256);
  return bytes.length === length ? Uint8Array.from(bytes) : undefined;
};
