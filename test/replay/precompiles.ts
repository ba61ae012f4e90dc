/** Calls of every precompile of Prague: right ones, wrong ones, and the edges between them. */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { concatHex, type Hex, numberToHex, pad, sha256, size, slice, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";

export type PrecompileCall = { address: Hex; input: Hex };

const word = (value: bigint | number): Hex => numberToHex(value, { size: 32 });
const words = (...values: (bigint | number)[]): Hex => concatHex(values.map(word));
const addressOf = (index: number): Hex => numberToHex(index, { size: 20 });
const flip = (hex: Hex, at: number): Hex => {
  const byte = Number.parseInt(slice(hex, at, at + 1), 16) ^ 1;
  const head: Hex = at === 0 ? "0x" : slice(hex, 0, at);
  const tail: Hex = at + 1 === size(hex) ? "0x" : slice(hex, at + 1);
  return concatHex([head, numberToHex(byte, { size: 1 }), tail]);
};

const recovery = async (): Promise<Hex[]> => {
  const hash = sha256("0x01");
  const signature = await privateKeyToAccount(sha256("0x02")).sign({ hash });
  const [r, s] = [slice(signature, 0, 32), slice(signature, 32, 64)];
  const v = Number.parseInt(slice(signature, 64, 65), 16);
  const good = concatHex([hash, word(v), r, s]);
  return [
    good,
    concatHex([hash, word(55 - v), r, s]),
    concatHex([hash, word(29), r, s]),
    concatHex([hash, word(v), zeroHash, s]),
    concatHex([hash, word(v), r, word(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n)]),
    flip(good, 0),
    slice(good, 0, 100),
    concatHex([good, "0x1234"]),
    "0x",
  ];
};

/** EIP-198: lengths, base, exponent, modulus. */
const power = (base: Hex, exponent: Hex, modulus: Hex): Hex =>
  concatHex([words(size(base), size(exponent), size(modulus)), base, exponent, modulus]);

const powers: Hex[] = [
  power("0x03", "0x05", "0x07"),
  power("0x", "0x", "0x"),
  power("0x", "0x", "0x05"),
  power("0x02", "0x", "0x00"),
  power("0x02", "0x00", "0x01"),
  power(word(3n), word(2n ** 256n - 3n), word(2n ** 256n - 189n)),
  power(pad("0x09", { size: 100 }), "0x010001", concatHex([word(2n ** 255n + 1n), word(12345n)])),
  power("0x07", pad("0xff", { size: 40 }), word(2n ** 200n + 3n)),
  words(0, 0, 2 ** 20),
  words(1, 2n ** 200n, 1),
  words(2n ** 64n, 1, 1),
  slice(power("0x03", word(5n), word(7n)), 0, 100),
  "0x",
];

const bn254Field = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
const bn254Order = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
const bn254Base = words(1, 2);
const bn254Negative = words(1n, bn254Field - 2n);
/** The generator of G2, imaginary parts first. */
const bn254Twist = words(
  0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2n,
  0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6edn,
  0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975bn,
  0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daan,
);

const bn254Sums: Hex[] = [
  concatHex([bn254Base, bn254Base]),
  concatHex([bn254Base, bn254Negative]),
  concatHex([bn254Base, words(0, 0)]),
  bn254Base,
  "0x",
  concatHex([bn254Base, words(1, 3)]),
  concatHex([bn254Base, words(bn254Field + 1n, 2)]),
  concatHex([bn254Base, bn254Base, "0xff"]),
];
const bn254Products: Hex[] = [
  concatHex([bn254Base, word(9n)]),
  concatHex([bn254Base, word(bn254Order)]),
  concatHex([bn254Base, word(2n ** 256n - 1n)]),
  concatHex([words(0, 0), word(9n)]),
  concatHex([words(1, 1), word(9n)]),
  slice(concatHex([bn254Base, word(2n ** 255n)]), 0, 70),
];
const bn254Pairings: Hex[] = [
  "0x",
  concatHex([bn254Base, bn254Twist, bn254Negative, bn254Twist]),
  concatHex([bn254Base, bn254Twist, bn254Base, bn254Twist]),
  concatHex([words(0, 0), bn254Twist]),
  concatHex([bn254Base, words(0, 0, 0, 0)]),
  concatHex([bn254Base, flip(bn254Twist, 127)]),
  slice(concatHex([bn254Base, bn254Twist]), 0, 191),
];

/** EIP-152: rounds, state, message, offsets, whether it is the last block. */
const compression = (rounds: number, last: Hex): Hex =>
  concatHex([
    numberToHex(rounds, { size: 4 }),
    concatHex([0, 1].map((half) => sha256(numberToHex(half, { size: 1 })))),
    concatHex([2, 3, 4, 5].map((part) => sha256(numberToHex(part, { size: 1 })))),
    "0x03000000000000000000000000000000",
    last,
  ]);
const compressions: Hex[] = [
  compression(12, "0x01"),
  compression(0, "0x00"),
  compression(77, "0x00"),
  compression(12, "0x02"),
  compression(2 ** 32 - 1, "0x01"),
  slice(compression(12, "0x01"), 0, 212),
  "0x",
];

/** A proof for the point evaluation (EIP-4844) that c-kzg's tests have too. */
const commitment = "0x8f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca25f26936857bc3a7c2539ea8ec3a952b7";
const evaluation = (of: Hex, z: Hex, y: Hex, proof: Hex): Hex =>
  concatHex(["0x01", slice(sha256(of), 1), z, y, of, proof]);
const [z, y]: [Hex, Hex] = [
  "0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000",
  "0x1522a4a7f34e1ea350ae07c29c96c7e79655aa926122e95fe69fcbd932ca49e9",
];
const proof = "0xa62ad71d14c5719385c0686f1871430475bf3a00f0aa3f7b8dd99a9abc2160744faf0070725e00b60ad9a026a15b1a8c";
const infinity: Hex = `0xc0${"00".repeat(47)}`;
const evaluations: Hex[] = [
  evaluation(commitment, z, y, proof),
  evaluation(commitment, z, flip(y, 31), proof),
  evaluation(commitment, word(0n), y, proof),
  flip(evaluation(commitment, z, y, proof), 5),
  evaluation(commitment, word(bls12_381.fields.Fr.ORDER), y, proof),
  evaluation(infinity, z, zeroHash, infinity),
  evaluation(infinity, z, y, infinity),
  evaluation(flip(commitment, 20), z, y, proof),
  slice(evaluation(commitment, z, y, proof), 0, 191),
  "0x",
];

const { G1, G2, fields } = bls12_381;
/** EIP-2537: field elements have 64 bytes. */
const field = (value: bigint): Hex => numberToHex(value, { size: 64 });
const g1 = (point: { x: bigint; y: bigint }): Hex => concatHex([field(point.x), field(point.y)]);
const g2 = ({ x, y }: { x: { c0: bigint; c1: bigint }; y: { c0: bigint; c1: bigint } }): Hex =>
  concatHex([x.c0, x.c1, y.c0, y.c1].map(field));
const g1Times = (factor: bigint): Hex => g1(G1.Point.BASE.multiply(factor).toAffine());
const g2Times = (factor: bigint): Hex => g2(G2.Point.BASE.multiply(factor).toAffine());
const g1Zero = concatHex([field(0n), field(0n)]);
const g2Zero = concatHex([g1Zero, g1Zero]);
/** On the curve, outside the subgroup: (0, 2) satisfies y² = x³ + 4. */
const g1Outside = concatHex([field(0n), field(2n)]);
const g1Negative = g1(G1.Point.BASE.negate().toAffine());
const modulus = fields.Fp.ORDER;

const g1Sums: Hex[] = [
  concatHex([g1Times(2n), g1Times(3n)]),
  concatHex([g1Times(1n), g1Negative]),
  concatHex([g1Times(2n), g1Zero]),
  concatHex([g1Outside, g1Times(2n)]),
  concatHex([concatHex([field(1n), field(1n)]), g1Times(2n)]),
  concatHex([concatHex([field(modulus), field(2n)]), g1Times(2n)]),
  flip(concatHex([g1Times(2n), g1Times(3n)]), 3),
  g1Times(2n),
];
const g1Products: Hex[] = [
  concatHex([g1Times(2n), word(7n)]),
  concatHex([g1Times(2n), word(7n), g1Times(5n), word(2n ** 256n - 1n)]),
  concatHex([g1Times(2n), word(fields.Fr.ORDER), g1Zero, word(3n), g1Times(9n), word(0n)]),
  concatHex([g1Outside, word(7n)]),
  "0x",
];
const g2Sums: Hex[] = [
  concatHex([g2Times(2n), g2Times(3n)]),
  concatHex([g2Times(2n), g2Zero]),
  flip(concatHex([g2Times(2n), g2Times(3n)]), 511),
  g2Zero,
];
const g2Products: Hex[] = [
  concatHex([g2Times(2n), word(7n)]),
  concatHex([g2Times(2n), word(7n), g2Times(5n), word(fields.Fr.ORDER + 4n)]),
  concatHex([g2Zero, word(7n)]),
  slice(g2Zero, 0, 255),
];
const pairings: Hex[] = [
  concatHex([g1Times(1n), g2Times(2n), g1Negative, g2Times(2n)]),
  concatHex([g1Times(2n), g2Times(3n)]),
  concatHex([g1Zero, g2Times(3n)]),
  concatHex([g1Outside, g2Times(3n)]),
  "0x",
];
const g1Maps: Hex[] = [field(5n), field(0n), field(modulus - 1n), field(modulus), slice(field(5n), 1)];
const g2Maps: Hex[] = [
  concatHex([field(5n), field(7n)]),
  concatHex([field(0n), field(0n)]),
  concatHex([field(5n), field(modulus)]),
];

/** Calls by precompile; each list begins with one that succeeds. */
export const precompileCalls = async (): Promise<PrecompileCall[]> => {
  const texts: Hex[] = ["0x", "0x61", pad("0x62", { size: 119 }), pad("0x63", { size: 1000 })];
  const inputs: Hex[][] = [
    await recovery(),
    texts,
    texts,
    texts,
    powers,
    bn254Sums,
    bn254Products,
    bn254Pairings,
    compressions,
    evaluations,
    g1Sums,
    g1Products,
    g2Sums,
    g2Products,
    pairings,
    g1Maps,
    g2Maps,
    // The first address that is none: P256VERIFY came after Prague, at 0x100.
    ["0x1234"],
  ];
  return inputs.flatMap((each, index) => each.map((input) => ({ address: addressOf(index + 1), input })));
};
