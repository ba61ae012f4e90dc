import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

type Sierra = {
  compress(values: readonly bigint[]): bigint[];
  decompress(felts: readonly bigint[]): bigint[];
  toNativeSierra(sierraProgram: readonly string[]): string[];
};
const { compress, decompress, toNativeSierra } = (await import(
  new URL("../../../scripts/sierra.mjs", import.meta.url).href
)) as Sierra;

const version = [1n, 6n, 0n, 2n, 8n, 2n];
const [wasmFallthrough, nativeFallthrough] = [0xffff_ffffn, 0xffff_ffff_ffff_ffffn];

/** A type with an argument, a libfunc with a constant, a call with two branches, a return; then what follows the statements. */
const program = (constant: bigint, target: bigint): bigint[] =>
  [
    [1n, 0x66656c74n, (0x8000000000000007n << 128n) | 1n, 2n, constant],
    [1n, 0x636f6e7374n, 1n, 2n, constant],
    [2n, 0n, 0n, 1n, constant, 2n, target, 1n, constant, 7n, 0n, 1n, 1n, constant],
    [0n, constant],
  ].flat();

const encode = (values: bigint[]): string[] =>
  [...version, ...compress(values)].map((value) => `0x${value.toString(16)}`);

describe("a Sierra program that a compiler in wasm32 wrote", () => {
  it("goes on at the next statement where it did, and keeps its constants", () => {
    const fixed = toNativeSierra(encode(program(wasmFallthrough, wasmFallthrough)));
    expect(fixed).toEqual(encode(program(wasmFallthrough, nativeFallthrough)));
    expect(toNativeSierra(fixed)).toEqual(fixed);
  });

  it("is packed and unpacked without loss", () => {
    const felt = fc.bigInt({ min: 0n, max: 2n ** 251n });
    fc.assert(
      fc.property(fc.array(felt, { minLength: 1, maxLength: 600 }), (values) => {
        expect(decompress(compress(values))).toEqual(values);
      }),
    );
  });

  it("is what is committed, packed as the compiler packs it", () => {
    for (const name of ["adapters/cairo/contracts/account", "test/contracts/cairo/inbox"]) {
      const url = new URL(`../../../${name}.sierra.json`, import.meta.url);
      const { sierra_program } = JSON.parse(readFileSync(url, "utf8")) as { sierra_program: string[] };
      expect(toNativeSierra(sierra_program)).toEqual(sierra_program);
      expect(decompress(sierra_program.slice(6).map(BigInt))).toContain(nativeFallthrough);
    }
  });
});
