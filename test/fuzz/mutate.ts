/** What may be wrong with bytes, JSON and text: choices of a seeded randomness. */
import type { Random } from "../replay/random.ts";

/** Changes bytes in up to three places: flips, inserts, repeats, removes, cuts. */
export const mutateBytes = (random: Random, original: Uint8Array): Uint8Array => {
  let bytes = [...original];
  for (let changes = 1 + random.int(3); changes > 0; changes--) {
    const at = random.int(bytes.length + 1);
    const length = 1 + random.int(random.chance(0.9) ? 4 : 64);
    const change = random.int(6);
    if (change === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8));
    else if (change === 1) bytes.splice(at, 0, ...random.bytes(length));
    else if (change === 2) bytes.splice(at, length);
    else if (change === 3) bytes.splice(at, 0, ...bytes.slice(at, at + length));
    else if (change === 4) bytes = bytes.slice(0, at);
    else bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xb8, 0xbf, 0xc0, 0xf8, 0xff]);
  }
  return Uint8Array.from(bytes);
};

const texts = [
  "",
  "0x",
  "0x0",
  "0x00",
  "0xzz",
  "latest",
  "pending",
  "finalized",
  "earliest",
  "__proto__",
  "constructor",
  "toString",
  "\u0000",
  "\ud800",
  "NaN",
  "1e309",
  "-1",
  "18446744073709551616",
  `0x${"f".repeat(64)}`,
  `0x${"0".repeat(65)}`,
];
const numbers = [0, -0, -1, 1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, -(2 ** 63), 1e308];

const hexText = (random: Random, length: number): string => `0x${Buffer.from(random.bytes(length)).toString("hex")}`;

/** Any JSON value: small ones mostly, now and then one that is long or deep. */
export const anyJson = (random: Random, depth = 3): unknown => {
  const kind = random.int(depth > 0 ? 12 : 8);
  if (kind < 2) return random.pick(texts);
  if (kind < 4) return hexText(random, random.pick([1, 8, 20, 20, 20, 32, 32, 33, 256]));
  if (kind === 4) return random.pick(numbers);
  if (kind === 5) return random.pick([true, false, null]);
  if (kind === 6) return `0x${random.int(2 ** 16).toString(16)}`;
  if (kind === 7) return random.chance(0.02) ? "x".repeat(random.int(2 ** 18)) : random.pick(texts);
  if (kind < 10) return Array.from({ length: random.int(4) }, () => anyJson(random, depth - 1));
  if (kind === 10 && random.chance(0.05)) return nested(random.int(2000));
  const keys = [
    "address",
    "topics",
    "fromBlock",
    "toBlock",
    "blockHash",
    "to",
    "from",
    "data",
    "gas",
    "__proto__",
    "id",
  ];
  return Object.fromEntries(
    Array.from({ length: random.int(4) }, () => [random.pick(keys), anyJson(random, depth - 1)]),
  );
};

const nested = (depth: number): unknown => {
  let value: unknown = [];
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

/** Replaces, adds or removes a part somewhere in a JSON value. */
export const mutateJson = (random: Random, value: unknown): unknown => {
  if (random.chance(0.25) || typeof value !== "object" || value === null) return anyJson(random);
  if (Array.isArray(value)) {
    const copy: unknown[] = [...value];
    const at = random.int(copy.length + 1);
    if (random.chance(0.2)) copy.splice(at, 1);
    else if (random.chance(0.3)) copy.splice(at, 0, anyJson(random));
    else copy[at] = mutateJson(random, copy[at]);
    return copy;
  }
  const entries = Object.entries(value);
  const at = random.int(entries.length + 1);
  const [key, part] = entries[at] ?? [random.pick(texts), undefined];
  if (random.chance(0.2)) return Object.fromEntries(entries.filter((_, i) => i !== at));
  return { ...value, [key]: mutateJson(random, part) };
};

/** Cuts a text or changes some of it. */
export const mutateText = (random: Random, text: string): Uint8Array =>
  random.chance(0.5)
    ? new TextEncoder().encode(text.slice(0, random.int(text.length + 1)))
    : mutateBytes(random, new TextEncoder().encode(text.slice(0, 2 ** 16)));
