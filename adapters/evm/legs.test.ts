import { encodeFunctionData } from "viem";
import { describe, expect, it } from "vitest";
import { toHex } from "../../protocol/bytes.ts";
import { asDomain, type BundleId } from "../../protocol/ids.ts";
import { type Input, inputKinds } from "../../protocol/inputs.ts";
import { describeBundleCompliance, testBundleId } from "../../test/fixtures/legs/compliance.ts";
import { call, contract, evmLegs, leg, marked, messenger } from "../../test/fixtures/legs/evm.ts";
import { contextOf } from "../complianceChain.ts";
import { evmAdapter } from "./adapter.ts";
import { isMarked, readLeg } from "./codec/leg.ts";
import { addressBytes, gatewayAddress, markerAddress } from "./contracts/gateway.ts";
import { gatewayAbi, gatewayCode } from "./contracts/gatewayArtefact.ts";
import { createReplayer } from "./replay.ts";
import { alice, bob, budget, bytesOf, carol, config, domain, encodeConfig, sign } from "./testChain.ts";

describeBundleCompliance("EVM", evmLegs);

describe("an EVM tenant with bundles", () => {
  it("comes to the same roots on another EVM, from its writes and legs in their order", async () => {
    const bytes = encodeConfig(config);
    const { executor, genesis } = await evmAdapter.open({ domain, config: bytes, budget });
    const replayer = await createReplayer(domain, bytes, budget);
    if (genesis === undefined) throw new Error("no genesis");
    expect(toHex(replayer.genesis.blockHash)).toBe(toHex(genesis.blockHash));
    const support = evmAdapter.bundles as NonNullable<typeof evmAdapter.bundles>;
    const inputs: Input[] = [];
    const put = (kind: number, input: Uint8Array) => inputs.push({ kind, bytes: input, reason: new Uint8Array() });
    const write = async (input: Uint8Array): Promise<void> => {
      put(inputKinds.write, input);
      await executor.write(input);
    };
    const context = contextOf(1, genesis.blockHash);
    await executor.begin(context);
    for (const each of evmAdapter.protocolWrites(context)) await write(each);
    const deployment = await sign(alice, { nonce: 0, data: messenger.bytecode, gas: 2_000_000n });
    put(inputKinds.transaction, deployment);
    await executor.execute([{ bytes: deployment, gas: [2_000_000] }]);

    const [id, undone] = [testBundleId(1), testBundleId(2)];
    const message = {
      origin: asDomain(7),
      sender: id,
      destination: domain,
      recipient: addressBytes(contract),
      index: 1,
    };
    const apply = async (input: Uint8Array, bundle: BundleId): Promise<unknown> =>
      (await executor.leg({ bytes: input, gas: [1_500_000], bundle, index: 0 })).execution;
    const checkpoint = await executor.checkpoint();
    await executor.write(support.setBundle(undone));
    expect(await apply(await call(undone, 0, "fail", []), undone)).toMatchObject({ succeeded: false });
    await executor.revert(checkpoint);
    await write(support.setBundle(id));
    for (const each of support.deliver({ ...message, body: new Uint8Array(99).fill(5) })) await write(each);
    const leg = await call(id, 0, "hear", [message.origin, toHex(message.sender), message.index]);
    put(inputKinds.leg, leg);
    expect(await apply(leg, id)).toMatchObject({ succeeded: true });
    await write(support.setBundle(undefined));
    const seal = await executor.seal();
    await executor.close();

    const replayed = await replayer.apply({ ...context, inputs });
    if (!replayed.ok) throw new Error(replayed.error.message);
    const { blockHash, stateRoot, receiptsRoot, auxRoot, gasUsed } = replayed.value;
    expect({ blockHash, stateRoot, receiptsRoot, auxRoot, gasUsed }).toEqual({
      blockHash: seal.blockHash,
      stateRoot: seal.stateRoot,
      receiptsRoot: seal.receiptsRoot,
      auxRoot: seal.auxRoot,
      gasUsed: seal.gasUsed,
    });
  });
});

describe("an EVM transaction", () => {
  const id = testBundleId(1);
  const to = carol.address;

  it("is a leg with one key for the marker, of EIP-1559 and EIP-2930", async () => {
    expect(readLeg(await leg(id, 0, to))).toMatchObject({ ok: true });
    const older = await sign(bob, { type: "eip2930", to, accessList: marked(id) });
    expect(readLeg(older)).toMatchObject({ ok: true });
    expect(isMarked(older)).toBe(true);
  });

  it("is none without, with two, and where it delegates an account", async () => {
    const two = [{ address: markerAddress, storageKeys: [toHex(id), toHex(testBundleId(2))] }];
    const authorization = { chainId: domain, nonce: 1, contractAddress: to };
    const authorizationList = [(await bob.signAuthorization?.(authorization)) as NonNullable<unknown> as never];
    const codes = async (transaction: Parameters<typeof sign>[1]) => {
      const read = readLeg(await sign(bob, { to, ...transaction }));
      return read.ok ? "ok" : read.error.code;
    };
    expect(await codes({})).toBe("marker_missing");
    expect(await codes({ type: "legacy" })).toBe("unsupported");
    expect(await codes({ accessList: two })).toBe("marker_repeated");
    expect(await codes({ accessList: [...marked(id), ...marked(id)] })).toBe("marker_repeated");
    expect(await codes({ accessList: [{ address: markerAddress, storageKeys: [] }] })).toBe("marker_repeated");
    expect(await codes({ type: "eip7702", authorizationList, accessList: marked(id) })).toBe("unsupported");
  });

  it("is marked by its access list alone", async () => {
    expect(isMarked(await sign(bob, { to: markerAddress, data: markerAddress }))).toBe(false);
    expect(isMarked(await sign(bob, { to, accessList: [{ address: markerAddress, storageKeys: [] }] }))).toBe(true);
    expect(isMarked(bytesOf(markerAddress))).toBe(false);
  });
});

describe("the gateway of an EVM tenant", () => {
  it("is what its source compiles to", async () => {
    const script = new URL("../../scripts/solidity.mjs", import.meta.url).href;
    const { compileRuntime, sources } = (await import(script)) as {
      compileRuntime(path: string): { abi: unknown; code: string };
      sources(): string[];
    };
    expect(sources().map(compileRuntime)).toEqual([{ abi: gatewayAbi, code: gatewayCode }]);
  });

  it("hears nobody but the system, and no one who is no contract", async () => {
    const { executor, genesis } = await evmAdapter.open({ domain, config: encodeConfig(config), budget });
    const id = testBundleId(1);
    const calls = [
      encodeFunctionData({ abi: gatewayAbi, functionName: "setBundle", args: [toHex(id)] }),
      encodeFunctionData({ abi: gatewayAbi, functionName: "deliver", args: [1, toHex(id), toHex(id), 1, "0x"] }),
      encodeFunctionData({ abi: gatewayAbi, functionName: "sendSync", args: [1, toHex(id), 1, "0x"] }),
      encodeFunctionData({ abi: gatewayAbi, functionName: "consume", args: [1, toHex(id), 1] }),
    ];
    const { beginBlock } = await import("../complianceChain.ts");
    if (genesis === undefined) throw new Error("no genesis");
    await beginBlock(evmAdapter, executor, 1, genesis.blockHash);
    await executor.write((evmAdapter.bundles as NonNullable<typeof evmAdapter.bundles>).setBundle(id));
    const reasons: (string | undefined)[] = [];
    for (const data of calls) {
      const checkpoint = await executor.checkpoint();
      const { execution, reason } = await executor.leg({
        bytes: await leg(id, 0, gatewayAddress, data),
        gas: [1_500_000],
        bundle: id,
        index: 0,
      });
      expect(execution).toMatchObject({ kind: "applied", succeeded: false });
      reasons.push(reason);
      await executor.revert(checkpoint);
    }
    expect(reasons).toEqual(["OnlySystem()", "OnlySystem()", "OnlyContracts()", "OnlyContracts()"]);
    await executor.close();
  });

  it("is believed where its log is its own, and its call was not undone", async () => {
    const { executor, genesis } = await evmAdapter.open({ domain, config: encodeConfig(config), budget });
    const { beginBlock } = await import("../complianceChain.ts");
    if (genesis === undefined) throw new Error("no genesis");
    await beginBlock(evmAdapter, executor, 1, genesis.blockHash);
    const deployment = await sign(alice, { nonce: 0, data: messenger.bytecode, gas: 2_000_000n });
    await executor.execute([{ bytes: deployment, gas: [2_000_000] }]);
    const id = testBundleId(1);
    await executor.write((evmAdapter.bundles as NonNullable<typeof evmAdapter.bundles>).setBundle(id));
    for (const name of ["forge", "sendAndRevert"]) {
      const checkpoint = await executor.checkpoint();
      const bytes = await call(id, 0, name, [1, toHex(id), 1, "0x0102"]);
      const executed = await executor.leg({ bytes, gas: [1_500_000], bundle: id, index: 0 });
      expect(executed.execution).toMatchObject({ succeeded: true });
      expect(executed.sent).toEqual([]);
      await executor.revert(checkpoint);
    }
    await executor.close();
  });
});
