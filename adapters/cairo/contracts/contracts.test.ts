import fc from "fast-check";
import { hash } from "starknet";
import { describe, expect, it } from "vitest";
import type { Hex } from "../../../protocol/bytes.ts";
import type { SierraClass } from "../sierraClass.ts";
import { type ContractName, contract } from "./classes.ts";
import { classHashOf, contractAddress, selectorOf } from "./classHash.ts";

const names: ContractName[] = ["account", "erc20", "deployer"];
const felt = fc.bigInt({ min: 0n, max: 2n ** 251n }).map((value): Hex => `0x${value.toString(16)}`);
const entryPoints = fc.array(fc.record({ selector: felt, function_idx: fc.nat() }), { maxLength: 4 });
const sierra: fc.Arbitrary<SierraClass> = fc.record({
  sierra_program: fc.array(felt, { minLength: 1, maxLength: 40 }),
  contract_class_version: fc.constant("0.1.0"),
  entry_points_by_type: fc.record({ CONSTRUCTOR: entryPoints, EXTERNAL: entryPoints, L1_HANDLER: entryPoints }),
  abi: fc.constant("[]"),
});
const reference = ({ abi, ...rest }: SierraClass) =>
  BigInt(hash.computeSierraContractClassHash({ ...rest, abi: JSON.parse(abi) } as never));

describe("our contracts", () => {
  it.each(names)("%s has the class hash that starknet.js computes", (name) => {
    const { class: sierraClass, classHash } = contract(name);
    expect(BigInt(classHash)).toBe(reference(sierraClass));
  });

  it("are called by their standard names, in both spellings", () => {
    const selectors = (name: ContractName) =>
      contract(name).class.entry_points_by_type.EXTERNAL.map(({ selector }) => BigInt(selector));
    const has = (name: ContractName, ...functions: string[]) =>
      expect(selectors(name)).toEqual(expect.arrayContaining(functions.map((each) => BigInt(selectorOf(each)))));
    has("account", "__validate__", "__execute__", "__validate_declare__", "__validate_deploy__");
    has("account", "is_valid_signature", "isValidSignature", "supports_interface", "supportsInterface");
    has("erc20", "name", "symbol", "decimals", "total_supply", "totalSupply", "balance_of", "balanceOf", "allowance");
    has("erc20", "transfer", "transfer_from", "transferFrom", "approve");
    has("deployer", "deploy_contract", "deployContract");
  });
});

describe("hashes agree with starknet.js", () => {
  it("of classes", () => {
    fc.assert(
      fc.property(sierra, (each) => {
        expect(BigInt(classHashOf(each))).toBe(reference(each));
      }),
      { numRuns: 30 },
    );
  });

  it("of contracts, by deployer, salt and constructor arguments", () => {
    fc.assert(
      fc.property(felt, felt, fc.array(felt, { maxLength: 5 }), felt, (classHash, salt, calldata, deployer) => {
        const expected = hash.calculateContractAddressFromHash(salt, classHash, calldata, deployer);
        expect(BigInt(contractAddress({ classHash, salt, calldata, deployer }))).toBe(BigInt(expected));
      }),
      { numRuns: 30 },
    );
  });

  it("of names", () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(BigInt(selectorOf(name))).toBe(BigInt(hash.starknetKeccak(name)));
      }),
    );
  });
});
