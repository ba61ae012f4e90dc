/** The pairing check of the point evaluation precompile (EIP-4844). */
import { bls12_381 } from "@noble/curves/bls12-381.js";

/**
 * τ in G2, of Ethereum's KZG ceremony: `g2_monomial[1]` of the trusted setup.
 * https://github.com/ethereum/consensus-specs/blob/master/presets/mainnet/trusted_setups/trusted_setup_4096.json
 */
const tau = [
  "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72",
  "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2",
].join("");

const { G1, G2, fields } = bls12_381;

const scalar = (hex: string): bigint => {
  const value = BigInt(hex);
  if (value >= fields.Fr.ORDER) throw new RangeError("not a canonical field element");
  return value;
};

const pointOf = (hex: string) => {
  const point = G1.Point.fromHex(hex.slice(2));
  point.assertValidity();
  return point;
};

const g1Of = (hex: string) => (/^0xc0(?:00)*$/.test(hex) ? G1.Point.ZERO : pointOf(hex));

/**
 * Whether the polynomial under `commitment` has the value `y` at `z`. All are 0x-prefixed hexadecimal:
 * points of 48 bytes, scalars of 32.
 *
 * @throws Error on what encodes no point of the group or no canonical scalar
 */
export const verifyKzgProof = (commitment: string, z: string, y: string, proof: string): boolean => {
  const [at, value] = [scalar(z), scalar(y)];
  const opening = g1Of(proof);
  const remainder = g1Of(commitment).subtract(G1.Point.BASE.multiplyUnsafe(value));
  const divisor = G2.Point.fromHex(tau).subtract(G2.Point.BASE.multiplyUnsafe(at));
  const pairs = [
    { g1: remainder, g2: G2.Point.BASE.negate() },
    { g1: opening, g2: divisor },
  ].filter(({ g1, g2 }) => !g1.is0() && !g2.is0());
  return pairs.length === 0 || fields.Fp12.eql(bls12_381.pairingBatch(pairs), fields.Fp12.ONE);
};
