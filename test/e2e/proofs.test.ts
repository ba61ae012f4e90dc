import {
  createPublicClient,
  createWalletClient,
  encodeAbiParameters,
  type Hex,
  http,
  keccak256,
  parseEther,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { anvil } from "viem/chains";
import { beforeAll, describe, expect, test } from "vitest";
import { createBlst } from "../../consensus/certificate/blst.ts";
import { createNobleVerifier } from "../../consensus/certificate/noble.ts";
import { proveState } from "../../messaging/light-client/account.ts";
import type { LightClient } from "../../messaging/light-client/client.ts";
import { tenantOf } from "../../messaging/light-client/execution.ts";
import { toHex } from "../../protocol/bytes.ts";
import { compileContract } from "../fixtures/solidity.ts";
import {
  agreed,
  type Endpoint,
  eventually,
  evmDomain,
  fundedAccount,
  lightClientOf,
  proven,
  validators,
} from "./network.ts";

const token = compileContract("Token");
const account = privateKeyToAccount(fundedAccount(5).privateKey);
const holder = privateKeyToAccount(generatePrivateKey()).address;
const stranger = privateKeyToAccount(generatePrivateKey()).address;
const [entry] = validators as [Endpoint];
const client = createPublicClient({ chain: anvil, transport: http(entry.rpc), pollingInterval: 100 });
const wallet = createWalletClient({ account, chain: anvil, transport: http(entry.rpc) });

/** Where Solidity puts `balanceOf[owner]`, the token's second variable in storage. */
const balanceSlot = (owner: Hex): Hex =>
  keccak256(encodeAbiParameters([{ type: "address" }, { type: "uint256" }], [owner, 1n]));

let contract: Hex;
let paidIn: bigint;
beforeAll(async () => {
  const settled = (hash: Hex) => client.waitForTransactionReceipt({ hash });
  const deployed = await settled(await wallet.deployContract({ ...token, args: [1000n] }));
  contract = deployed.contractAddress ?? "0x";
  await settled(await wallet.sendTransaction({ to: holder, value: parseEther("3") }));
  const args = [holder, 77n];
  const call = { address: contract, abi: token.abi, functionName: "transfer", args };
  paidIn = (await settled(await wallet.writeContract(call))).blockNumber;
});

/** The EVM tenant in the newest summary that a light client proves, once it covers the payments. */
const certifiedBy = (light: LightClient) =>
  eventually(async () => {
    const { summary } = await proven(light.execution());
    const tenant = tenantOf(summary, evmDomain);
    return tenant && tenant.number >= paidIn ? tenant : undefined;
  });

/** EIP-1186 as a validator answers it, before any library reads it. */
const getProof = async ({ rpc }: Endpoint, address: Hex, slots: readonly Hex[], number: number): Promise<unknown> => {
  const at = createPublicClient({ chain: anvil, transport: http(rpc) });
  const params: [Hex, Hex[], Hex] = [address, [...slots], `0x${number.toString(16)}`];
  return eventually(() => at.request({ method: "eth_getProof", params }));
};

const changed = (proof: unknown, fields: Record<string, unknown>): unknown => ({ ...(proof as object), ...fields });

describe.each([
  ["blst", createBlst],
  ["noble, as in a browser", createNobleVerifier],
])("under a state root proven with %s from the trusted root", (_name, createVerifier) => {
  const lights = validators.map((validator) => lightClientOf(validator, createVerifier()));

  test("an account fetched from each of the four validators holds what was paid; a changed balance is refused", async () => {
    for (const light of lights) {
      const { stateRoot, number } = await certifiedBy(light);
      const proof = await agreed(validators, (source) => getProof(source, holder, [], number));
      const state = proveState(stateRoot, holder, [], proof);
      expect(state).toMatchObject({
        ok: true,
        value: { exists: true, account: { balance: parseEther("3"), nonce: 0n } },
      });
      const richer = changed(proof, { balance: `0x${parseEther("4").toString(16)}` });
      expect(proveState(stateRoot, holder, [], richer)).toMatchObject({ ok: false, error: { code: "refuted" } });
      const other = changed(proof, { address: stranger.toLowerCase() });
      expect(proveState(stateRoot, stranger, [], other)).toMatchObject({ ok: false });
    }
  });

  test("so does the token's balance slot; a changed balance is refused", async () => {
    const slots = [balanceSlot(holder), balanceSlot(stranger)];
    for (const light of lights) {
      const { stateRoot, number } = await certifiedBy(light);
      const proof = await agreed(validators, (source) => getProof(source, contract, slots, number));
      const state = proveState(stateRoot, contract, slots, proof);
      expect(state).toMatchObject({ ok: true, value: { exists: true, slots: [77n, 0n] } });
      const { storageProof } = proof as { storageProof: object[] };
      const richer = changed(proof, { storageProof: [changed(storageProof[0], { value: "0x4e" }), storageProof[1]] });
      expect(proveState(stateRoot, contract, slots, richer)).toMatchObject({ ok: false, error: { code: "refuted" } });
    }
  });
});

test("a light client at each of the four validators proves both by itself, and that an account does not exist", async () => {
  for (const validator of validators) {
    const light = lightClientOf(validator);
    await certifiedBy(light);
    const paid = await eventually(() => proven(light.account(evmDomain, holder)));
    expect(paid).toMatchObject({ exists: true, account: { balance: parseEther("3") } });
    const held = await eventually(() => proven(light.account(evmDomain, contract, [balanceSlot(holder)])));
    expect(held.slots).toEqual([77n]);
    const absent = await eventually(() => proven(light.account(evmDomain, stranger)));
    expect(absent).toMatchObject({ exists: false, account: { balance: 0n } });
  }
});

test("the certified state root is the one in the block that each validator's RPC shows", async () => {
  const { stateRoot, blockHash, number } = await certifiedBy(lightClientOf(entry));
  const block = await agreed(validators, ({ rpc }) =>
    eventually(() =>
      createPublicClient({ chain: anvil, transport: http(rpc) }).getBlock({ blockNumber: BigInt(number) }),
    ),
  );
  expect(block).toMatchObject({ stateRoot: toHex(stateRoot), hash: toHex(blockHash) });
});
