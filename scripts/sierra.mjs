// Sierra programs as lists of felts, as `cairo-lang-starknet-classes` writes them (`felt252_serde`, `felt252_vec_compression`).

const prime = 2n ** 251n + 17n * 2n ** 192n + 1n;
const leastCodes = 256;
/** Versions of Sierra and of the compiler, which stand uncompressed in front. */
const versionFelts = 6;
/** Where a branch goes on with the next statement: usize::MAX where the compiler ran, and on 64 bits. */
const fallthrough = { wasm32: 0xffff_ffffn, native: 0xffff_ffff_ffff_ffffn };

const wordsPerFelt = (codes) => {
  let count = 0;
  for (let encoded = BigInt(codes); encoded < prime; encoded *= BigInt(codes)) count++;
  return count;
};

export const decompress = (felts) => {
  const codeCount = Number(felts[0]);
  const padded = codeCount + Number(felts[1]);
  const codes = felts.slice(2, 2 + codeCount);
  const length = Number(felts[2 + codeCount]);
  const perFelt = wordsPerFelt(padded);
  const values = [];
  for (const packed of felts.slice(3 + codeCount)) {
    let rest = packed;
    for (let i = 0; i < perFelt && values.length < length; i++) {
      values.push(codes[Number(rest % BigInt(padded))]);
      rest /= BigInt(padded);
    }
  }
  return values;
};

export const compress = (values) => {
  const indices = new Map();
  for (const value of values) if (!indices.has(value)) indices.set(value, indices.size);
  let padded = leastCodes;
  while (padded < indices.size) padded *= 2;
  const perFelt = wordsPerFelt(padded);
  const packed = [];
  for (let start = 0; start < values.length; start += perFelt) {
    const words = values.slice(start, start + perFelt).reverse();
    packed.push(words.reduce((sum, value) => sum * BigInt(padded) + BigInt(indices.get(value)), 0n));
  }
  const head = [indices.size, padded - indices.size].map(BigInt);
  return [...head, ...indices.keys(), BigInt(values.length), ...packed];
};

/** Positions of branch targets among the felts of a program. */
const branchTargets = (program) => {
  let at = 0;
  const next = () => Number(program[at++]);
  const skipList = () => {
    const length = next();
    at += length;
  };
  /** An id, and arguments of two felts; above the lowest 128 bits of their number stands what the type can do. */
  const skipDeclaration = () => {
    const length = Number(program[at + 1] & (2n ** 128n - 1n));
    at += 2 + 2 * length;
  };
  for (let types = next(); types > 0; types--) skipDeclaration();
  for (let libfuncs = next(); libfuncs > 0; libfuncs--) skipDeclaration();
  const targets = [];
  for (let statements = next(); statements > 0; statements--) {
    if (next() === 1) {
      skipList();
      continue;
    }
    at++;
    skipList();
    for (let branches = next(); branches > 0; branches--) {
      targets.push(at++);
      skipList();
    }
  }
  return targets;
};

/**
 * A Sierra program that a compiler in wasm32 wrote, as one on 64 bits would have: there, a branch to the next
 * statement is another number. Constants of that value stay.
 */
export const toNativeSierra = (sierraProgram) => {
  const felts = sierraProgram.map(BigInt);
  const program = decompress(felts.slice(versionFelts));
  for (const target of branchTargets(program)) {
    if (program[target] === fallthrough.wasm32) program[target] = fallthrough.native;
  }
  const fixed = [...felts.slice(0, versionFelts), ...compress(program)];
  return fixed.map((felt) => `0x${felt.toString(16)}`);
};
