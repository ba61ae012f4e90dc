/** Hashes by which Starknet knows classes and contracts: https://docs.starknet.io/learn/protocol/cryptography */
import { computeHashOnElements, keccak, poseidonHashMany } from "@scure/starknet";
import { type Hex, utf8 } from "../../../protocol/bytes.ts";
import { addressBound, feltOf, shortString } from "../felt.ts";
import type { SierraClass } from "../sierraClass.ts";

/** Selector of a function, and address of a storage variable without keys. */
export const selectorOf = (name: string): Hex => feltOf(keccak(utf8(name)));

/** The hash of a class of version 0.1.0. */
export const classHashOf = ({ sierra_program, entry_points_by_type, abi }: SierraClass): Hex => {
  const entryPoints = (type: keyof SierraClass["entry_points_by_type"]): bigint =>
    poseidonHashMany(
      entry_points_by_type[type].flatMap(({ selector, function_idx }) => [BigInt(selector), BigInt(function_idx)]),
    );
  return feltOf(
    poseidonHashMany([
      BigInt(shortString("CONTRACT_CLASS_V0.1.0")),
      entryPoints("EXTERNAL"),
      entryPoints("L1_HANDLER"),
      entryPoints("CONSTRUCTOR"),
      keccak(utf8(abi)),
      poseidonHashMany(sierra_program.map(BigInt)),
    ]),
  );
};

/** Where a contract is deployed; `deployer` is 0 for accounts that deploy themselves. */
export const contractAddress = (options: {
  classHash: Hex;
  salt: Hex;
  calldata: readonly Hex[];
  deployer?: Hex;
}): Hex => {
  const { classHash, salt, calldata, deployer = "0x0" } = options;
  const hash = computeHashOnElements([
    BigInt(shortString("STARKNET_CONTRACT_ADDRESS")),
    BigInt(deployer),
    BigInt(salt),
    BigInt(classHash),
    BigInt(computeHashOnElements(calldata.map(BigInt)) as string | bigint),
  ]);
  return feltOf(BigInt(hash as string | bigint) % addressBound);
};
