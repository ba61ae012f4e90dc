/** Byte strings: hexadecimal, comparison, concatenation. */

export type Hex = `0x${string}`;

const digits = new TextEncoder().encode("0123456789abcdef");
const ascii = new TextDecoder("latin1");

/** Value of each character code as a hexadecimal digit; 255 where it is none. */
const digitValues = new Uint8Array(128).fill(255);
for (let digit = 0; digit < 16; digit++) {
  digitValues[digit.toString(16).charCodeAt(0)] = digit;
  digitValues[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** Lower-case hexadecimal with a leading 0x. */
export const toHex = (bytes: Uint8Array): Hex => {
  const text = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    text[2 * i] = digits[byte >> 4] as number;
    text[2 * i + 1] = digits[byte & 15] as number;
  }
  return `0x${ascii.decode(text)}`;
};

/**
 * Bytes of an even-length hexadecimal string; `undefined` for anything else.
 * The 0x is required, either case of the digits is taken.
 */
export const fromHex = (text: string): Uint8Array | undefined => {
  if (text.length % 2 !== 0 || !text.startsWith("0x")) return undefined;
  const bytes = new Uint8Array(text.length / 2 - 1);
  for (let i = 0; i < bytes.length; i++) {
    const high = digitValues[text.charCodeAt(2 * i + 2)] ?? 255;
    const low = digitValues[text.charCodeAt(2 * i + 3)] ?? 255;
    if (high === 255 || low === 255) return undefined;
    bytes[i] = high * 16 + low;
  }
  return bytes;
};

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

/** Lexicographic order; a prefix comes before what it is a prefix of. */
export const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};

export const concatBytes = (...parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
};

/** UTF-8 of a text. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
