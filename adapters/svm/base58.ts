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

const digitsOf = (text: string): number[] | undefined => {
  const digits = [...text].map((digit) => values.get(digit));
  return digits.includes(undefined) ? undefined : (digits as number[]);
};

/** Bytes of a text that stands for at most `most` of them. */
export const fromBase58Text = (text: string, most: number): Uint8Array | undefined => {
  // 138 / 100 is more than log 256 / log 58: longer texts stand for more bytes.
  const digits = text.length > (most * 138) / 100 + 1 ? undefined : digitsOf(text);
  const bytes = digits && convert(digits, 58, 256);
  return bytes === undefined || bytes.length > most ? undefined : Uint8Array.from(bytes);
};

/** Bytes of a text that stands for exactly `length` of them; `undefined` for anything else. */
export const fromBase58 = (text: string, length: number): Uint8Array | undefined => {
  const bytes = fromBase58Text(text, length);
  return bytes?.length === length ? bytes : undefined;
};
