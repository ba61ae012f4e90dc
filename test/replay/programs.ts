/** EVM code: small programs for one purpose, and random ones. */
import { concatHex, type Hex, numberToHex, size, toHex } from "viem";
import type { Random } from "./random.ts";

/** Initcode that deploys `code`. */
export const deploying = (code: Hex): Hex =>
  concatHex(["0x61", numberToHex(size(code), { size: 2 }), "0x80600a3d393df3", code]);

/** Initcode that deploys zeros. */
export const deployingZeros = (count: number): Hex => concatHex(["0x62", numberToHex(count, { size: 3 }), "0x5ff3"]);

export const programs = {
  /** Deploys code that starts with 0xef (EIP-3541). */
  reservedByte: "0x60ef5f5360015ff3",
  reverts: "0x60aa5f5260205ffd",
  invalid: "0xfe",
  loops: "0x5b5f56",
  stops: "0x00",
  empty: "0x",
  destroysItself: "0x33ff",
  /** Stores, logs, and has no code in the end. */
  busy: "0x602a5f5560015f5560ff60205f60205fa2",
} as const satisfies Record<string, Hex>;

/** Opcodes without an immediate that Prague knows. */
const opcodes = [
  [0x01, 0x0b],
  [0x10, 0x1d],
  [0x20, 0x20],
  [0x30, 0x4a],
  [0x50, 0x5f],
  [0x80, 0x9f],
  [0xa0, 0xa4],
  [0xf0, 0xf5],
  [0xfa, 0xfa],
].flatMap(([first = 0, last = 0]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));

/** BLOCKHASH and the reads of gas and code, which random code would seldom get an argument for. */
const rare = [0x40, 0x5a, 0x38, 0x3b, 0x3f, 0x54, 0x55, 0x5c, 0x5d, 0xf1, 0xf2, 0xf4, 0xfa, 0xf0, 0xf5];

const small = (random: Random): number[] => [0x60, random.int(random.chance(0.5) ? 4 : 256)];

/** An address that something happens at: a precompile, or one of `targets`. */
const someAddress = (random: Random, targets: readonly Hex[]): number[] =>
  random.chance(0.3) ? [0x60, 1 + random.int(18)] : [0x73, ...Buffer.from(random.pick(targets).slice(2), "hex")];

/**
 * Code that gets somewhere: pushes outweigh what they feed, jumps go to places that exist, calls get addresses. It ends
 * in its own way, with the stack as it is.
 */
export const randomProgram = (random: Random, targets: readonly Hex[]): Hex => {
  const code: number[] = [];
  const landings: number[] = [];
  const length = 20 + random.int(180);
  while (code.length < length) {
    const choice = random.int(100);
    if (choice < 40) code.push(...small(random));
    else if (choice < 45) code.push(0x7f, ...numberBytes(random.word()));
    else if (choice < 50) code.push(...someAddress(random, targets));
    else if (choice < 53) landings.push(code.push(0x5b) - 1);
    else if (choice < 56 && landings.length > 0)
      code.push(0x5a, 0x60, 0xf0, 0x10, 0x60, random.pick(landings) & 0xff, 0x57);
    else if (choice < 64)
      code.push(
        ...[0, 0, 0, 0].flatMap(() => small(random)),
        0x5f,
        ...someAddress(random, targets),
        0x62,
        0,
        0xff,
        0xff,
        0xf1,
      );
    else if (choice < 74) code.push(...small(random), ...small(random), random.pick(rare));
    else code.push(random.pick(opcodes));
  }
  const ends = [
    [0x00],
    [0x5f, 0x5f, 0xf3],
    [0x60, 0x20, 0x5f, 0xf3],
    [0x60, 0x20, 0x5f, 0xfd],
    [0x33, 0xff],
    [0xfe],
    [],
  ];
  return toHex(Uint8Array.from([...code, ...random.pick(ends)]));
};

const numberBytes = (value: bigint): Uint8Array => Buffer.from(numberToHex(value, { size: 32 }).slice(2), "hex");
