import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import {
  Account,
  CallData,
  Contract,
  ETransactionVersion,
  hash,
  logger,
  RpcError,
  RpcProvider,
  Signer,
  stark,
} from "starknet";
import { describe, expect, test } from "vitest";
import { contract } from "../../adapters/cairo/contracts/classes.ts";
import { contractAddress } from "../../adapters/cairo/contracts/classHash.ts";
import { strkAddress } from "../../adapters/cairo/genesis.ts";
import type { CairoAccount } from "../../devnet/accounts.ts";
import { readClass } from "../fixtures/cairoClass.ts";
import { provenValue } from "../fixtures/cairoProof.ts";
import { pythonEnvironment } from "../fixtures/pythonEnvironment.ts";
import { openChannel } from "../fixtures/starknetChannel.ts";
import {
  agreed,
  cairoDomain,
  cairoEndpoints,
  devnet,
  eventually,
  lightClientOf,
  proven,
  validators,
} from "./network.ts";

logger.setLogLevel("OFF");

/** Files run at the same time, and so do transactions of one account: each test has a sender of its own. */
const funded = (index: number): CairoAccount => {
  const account = devnet.accounts.cairo?.[index];
  if (account === undefined) throw new Error(`the devnet has no Cairo account ${index}`);
  return account;
};

const providers = cairoEndpoints.map(
  ({ rpc }) => new RpcProvider({ nodeUrl: rpc, transactionRetryIntervalFallback: 200 }),
);
const [provider, other] = providers as [RpcProvider, RpcProvider];
const accountAt = ({ address, privateKey }: CairoAccount, at = provider) =>
  new Account({ provider: at, address, signer: privateKey });

const transfer = (to: string, amount: bigint) => ({
  contractAddress: strkAddress,
  entrypoint: "transfer",
  calldata: CallData.compile({ recipient: to, amount: { low: amount, high: 0n } }),
});
const balanceOf = async (at: RpcProvider, account: string): Promise<bigint> => {
  const [low, high] = await at.callContract({
    contractAddress: strkAddress,
    entrypoint: "balance_of",
    calldata: [account],
  });
  return BigInt(low ?? 0) + (BigInt(high ?? 0) << 128n);
};

/** An executed transaction, the same at all four RPCs but for how final it is. */
const settled = (transactionHash: string) =>
  agreed(providers, async (each) => {
    const { value } = await each.waitForTransaction(transactionHash);
    return { ...(value as { block_number: number; events: { keys: string[] }[] }), finality_status: "" };
  });

/** Nobody's address that has no other use. */
const stranger = (salt: bigint): `0x${string}` =>
  contractAddress({ classHash: contract("account").classHash, salt: `0x${salt.toString(16)}`, calldata: [] });

const bounds = {
  version: ETransactionVersion.V3,
  tip: 0n,
  resourceBounds: {
    l1_gas: { max_amount: 0n, max_price_per_unit: 10n ** 9n },
    l1_data_gas: { max_amount: 10_000n, max_price_per_unit: 10n ** 9n },
    l2_gas: { max_amount: 400_000_000n, max_price_per_unit: 10n ** 10n },
  },
} as const;

/** The counter as compilers write it, and what the network compiles it to: the refusal of another hash says so, until it is declared. */
const askForCounter = async (account: Account) => {
  const sierra = readClass("counter");
  const compiled = { ...sierra, abi: JSON.parse(sierra.abi) } as never;
  const refused = await account
    .declare({ contract: compiled, compiledClassHash: "0x1" }, bounds)
    .catch((error) => error);
  const data = refused instanceof RpcError ? JSON.stringify(refused.baseError) : String(refused);
  const [, compiledClassHash] = /compiles to (0x[0-9a-f]+)/.exec(data) ?? [];
  if (compiledClassHash === undefined) throw new Error(`no compiled class hash in ${data}`);
  return { compiled, compiledClassHash, abi: JSON.parse(sierra.abi) };
};
let asked: ReturnType<typeof askForCounter> | undefined;
const counter = (account: Account): ReturnType<typeof askForCounter> => {
  asked ??= askForCounter(account);
  return asked;
};

describe("starknet.js, unmodified, on four validators", () => {
  test("transfers and waits; all agree on the outcome, which becomes final", async () => {
    const to = stranger(1n);
    const before = await balanceOf(provider, to);
    const { transaction_hash } = await accountAt(funded(0)).execute(transfer(to, 12_345n));
    const receipt = await settled(transaction_hash);
    expect(receipt).toMatchObject({ execution_status: "SUCCEEDED", transaction_hash });
    expect(await agreed(providers, (each) => balanceOf(each, to))).toBe(before + 12_345n);
    await eventually(async () => {
      const { finality_status } = await provider.getTransactionStatus(transaction_hash);
      return finality_status === "ACCEPTED_ON_L1" || undefined;
    });
    const block = await agreed(providers, (each) => each.getBlockWithTxHashes(receipt.block_number));
    expect(block).toMatchObject({ status: "ACCEPTED_ON_L1" });
  });

  test("declares, deploys through the universal deployer, and calls at another validator", async () => {
    const account = accountAt(funded(1));
    const { compiled, compiledClassHash, abi } = await counter(account);
    const declared = await account.declareIfNot({ contract: compiled, compiledClassHash });
    if (declared.transaction_hash !== "") await settled(declared.transaction_hash);
    const deployed = await account.deployContract({ classHash: declared.class_hash, constructorCalldata: [40] });
    await settled(deployed.transaction_hash);
    const there = new Contract({
      abi,
      address: deployed.contract_address,
      providerOrAccount: accountAt(funded(2), other),
    });
    const { transaction_hash } = (await there.increase(2)) as { transaction_hash: string };
    const { events, block_number } = await settled(transaction_hash);
    expect(events.some(({ keys }) => BigInt(keys[0] ?? 0) === BigInt(hash.getSelectorFromName("Increased")))).toBe(
      true,
    );
    const call = { contractAddress: deployed.contract_address, entrypoint: "get", calldata: [] };
    expect(await agreed(providers, (each) => each.callContract(call))).toEqual(["0x2a"]);
    const found = await agreed(providers, (each) =>
      each.getEvents({
        address: deployed.contract_address,
        from_block: { block_number: 0 },
        to_block: "latest",
        chunk_size: 10,
      }),
    );
    expect(found.events).toMatchObject([{ transaction_hash, block_number }]);
  });

  test("deploys an account with STRK that it was given", async () => {
    const privateKey = stark.randomAddress();
    const key = await new Signer(privateKey).getPubKey();
    const { classHash } = contract("account");
    const salt = `0x${BigInt(key).toString(16)}` as const;
    const address = contractAddress({ classHash, salt, calldata: [salt] });
    await settled((await accountAt(funded(3)).execute(transfer(address, 10n ** 18n))).transaction_hash);
    const account = new Account({ provider: other, address, signer: privateKey });
    const deployed = await account.deployAccount({ classHash, constructorCalldata: [salt], addressSalt: salt });
    expect(BigInt(deployed.contract_address)).toBe(BigInt(address));
    await settled(deployed.transaction_hash);
    expect(await agreed(providers, (each) => each.getClassHashAt(address))).toBe(classHash);
  });

  test("sends many without waiting, nonce by nonce, to different validators", async () => {
    const to = stranger(2n);
    const sender = funded(4);
    const before = await balanceOf(provider, to);
    const first = BigInt(await provider.getNonceForAddress(sender.address));
    const sent = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        accountAt(sender, providers[i % providers.length]).execute(transfer(to, 1n), {
          ...bounds,
          nonce: first + BigInt(i),
        }),
      ),
    );
    for (const { transaction_hash } of sent) await settled(transaction_hash);
    expect(await agreed(providers, (each) => balanceOf(each, to))).toBe(before + 8n);
  });

  test("is told of heads and of a transaction's way by every validator", async () => {
    const { transaction_hash } = await accountAt(funded(5)).execute(transfer(stranger(3n), 1n));
    await Promise.all(
      cairoEndpoints.map(async ({ ws }) => {
        const channel = await openChannel(ws);
        const [heads, statuses]: [number[], string[]] = [[], []];
        (await channel.subscribeNewHeads()).on(({ block_number }) => heads.push(block_number));
        const subscription = await channel.subscribeTransactionStatus({ transactionHash: transaction_hash });
        subscription.on(({ status }) => statuses.push(status.finality_status));
        await eventually(async () => (heads.length > 1 && statuses.at(-1) === "ACCEPTED_ON_L1") || undefined);
        channel.disconnect();
        await channel.waitForDisconnection();
      }),
    );
  });

  test("proves a slot, to starknet.js's user and to a light client", async () => {
    const key = hash.getSelectorFromName("ERC20_decimals");
    const number = await provider.getBlockNumber();
    const slots = [{ contract_address: strkAddress, storage_keys: [key] }];
    const { new_root } = (await eventually(() => other.getBlockWithTxHashes(number))) as { new_root: string };
    const proof = await provider.getStorageProof([], [strkAddress], slots, number);
    expect(provenValue(proof, new_root, strkAddress, key)).toBe(18n);
    const client = lightClientOf(validators[0] as (typeof validators)[0]);
    const slot = `0x${BigInt(key).toString(16)}` as const;
    const state = await eventually(() => proven(client.cairoContract(cairoDomain, strkAddress, [slot])));
    expect(state).toMatchObject({ exists: true, slots: ["0x12"] });
  });
});

describe("starknet.py, unmodified", () => {
  test("connects, transfers, declares, deploys and calls", async () => {
    const folder = new URL("./starknet-py/", import.meta.url);
    const python = await pythonEnvironment("starknet-py", fileURLToPath(new URL("requirements.txt", folder)));
    const sender = funded(6);
    // A class that nobody else declares: the same program under another ABI.
    const { compiled, compiledClassHash, abi } = await counter(accountAt(sender));
    const event = { type: "event", name: "for_starknet_py", kind: "struct", members: [] };
    const sierra = JSON.stringify({ ...(compiled as object), abi: [...abi, event] });
    const child = spawn(python, [fileURLToPath(new URL("flow.py", folder))], { stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.end(
      JSON.stringify({
        ...{ rpc: cairoEndpoints[0]?.rpc, address: sender.address, private_key: sender.privateKey },
        ...{ recipient: stranger(4n), token: strkAddress, sierra, compiled_class_hash: compiledClassHash },
      }),
    );
    const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (out === "") throw new Error(errors);
    expect(JSON.parse(out)).toMatchObject({
      ...{ spec: "0.10.2", status: "SUCCEEDED", received: 12345, value: 12, events: 1 },
      class_hash: hash.computeSierraContractClassHash(JSON.parse(sierra)),
    });
  }, 400_000);
});
