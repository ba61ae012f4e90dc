import * as asm from "@fuels/vm-asm";
import { ContractFactory, getPredicateRoot, Provider, Wallet } from "fuels";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Hex, toHex } from "../../../../protocol/bytes.ts";
import { assemble } from "../../../../test/fixtures/fuelAssembly.ts";
import { createFuelChain, type FuelChain } from "../../../../test/fixtures/fuelChain.ts";
import { counterAbi, counterCode } from "../../../../test/fixtures/fuelContract.ts";
import type { RpcServer } from "../../../adapter.ts";
import { encodeTransaction } from "../../codec.ts";
import { baseAssetId } from "../../params.ts";
import { buildEngine } from "../../testChain.ts";
import type { ScriptTransaction } from "../../transaction.ts";
import { serveFuelRpc } from "../server.ts";

const secret: Hex = `0x${"22".repeat(32)}`;
const owner = Wallet.fromPrivateKey(secret).address.toB256() as Hex;
const holds = assemble([asm.ret(1)]);
const predicateOwner = getPredicateRoot(holds) as Hex;
const stranger: Hex = `0x${"99".repeat(32)}`;
const zero32: Hex = `0x${"0".repeat(64)}`;

type Tenant = { chain: FuelChain; server: RpcServer };
let tenant: Tenant;
let free: Tenant;

const open = async (gasPrice: number): Promise<Tenant> => {
  const chain = await createFuelChain(
    [
      ...Array.from({ length: 4 }, () => ({ owner, amount: "1000000" })),
      ...Array.from({ length: 2 }, () => ({ owner: predicateOwner, amount: "1000000" })),
    ],
    { gasPrice },
  );
  return { chain, server: await serveFuelRpc(chain.services, { host: "127.0.0.1", port: 0 }) };
};

beforeAll(async () => {
  await buildEngine();
  tenant = await open(1);
  free = await open(0);
}, 900_000);
afterAll(async () => {
  for (const { chain, server } of [tenant, free]) {
    await server.close();
    await chain.close();
  }
});

const draft = (parts: Partial<ScriptTransaction> = {}): ScriptTransaction => ({
  kind: "script",
  scriptGasLimit: 0n,
  receiptsRoot: zero32,
  script: "0x24000000",
  scriptData: "0x",
  policies: {},
  inputs: [],
  outputs: [],
  witnesses: [],
  ...parts,
});

type Output = { type: string; to?: string; amount?: string; inputIndex?: string };
type Assembled = {
  transaction: {
    inputs: { type: string; utxoId: string; owner?: string; predicateGasUsed?: string; contractId?: string }[];
    outputs: Output[];
    witnesses: string[];
    policies: { maxFee: string; witnessLimit: string | null; tip: string | null };
    scriptGasLimit: string;
  };
  status: { type: string; reason?: string; totalGas: string };
  gasPrice: string;
};

const query = `query (
  $tx: HexString!, $required: [RequiredBalance!]!, $payer: U16!, $exclude: ExcludeInput, $reserve: U64, $estimate: Boolean
) {
  assembleTx(
    tx: $tx, blockHorizon: "1", requiredBalances: $required, feeAddressIndex: $payer, excludeInput: $exclude,
    reserveGas: $reserve, estimatePredicates: $estimate
  ) {
    transaction {
      inputs {
        type: __typename
        ... on InputCoin { utxoId owner predicateGasUsed }
        ... on InputContract { contractId }
      }
      outputs {
        type: __typename
        ... on ChangeOutput { to amount }
        ... on CoinOutput { to amount }
        ... on VariableOutput { to amount }
        ... on ContractOutput { inputIndex }
      }
      witnesses scriptGasLimit
      policies { maxFee witnessLimit tip }
    }
    status { type: __typename ... on DryRunFailureStatus { reason totalGas } ... on DryRunSuccessStatus { totalGas } }
    gasPrice
  }
}`;

type Wish = { address?: Hex; predicate?: object; amount?: string; assetId?: Hex; change?: Hex };
const balance = ({ address = owner, predicate, amount = "0", assetId = baseAssetId, change = owner }: Wish = {}) => ({
  account: predicate === undefined ? { address } : { predicate },
  amount,
  assetId,
  changePolicy: { change },
});

const ask = async (transaction: ScriptTransaction, variables: object = {}, { server }: Tenant = tenant) => {
  const tx = toHex(encodeTransaction(transaction));
  const body = { query, variables: { tx, required: [balance()], payer: "0", ...variables } };
  const response = await fetch(server.rpc, { method: "POST", body: JSON.stringify(body) });
  return (await response.json()) as { data?: { assembleTx: Assembled }; errors?: { message: string }[] };
};
const assembled = async (...args: Parameters<typeof ask>): Promise<Assembled> => {
  const { data, errors } = await ask(...args);
  if (data === undefined || errors !== undefined) throw new Error(JSON.stringify(errors));
  return data.assembleTx;
};
const typesOf = (list: readonly { type: string }[]) => list.map(({ type }) => type);

describe("a transaction is completed", () => {
  it("with coins for what it pays and for the fee, change, and room for a signature", async () => {
    const outputs = [{ kind: "coin" as const, to: stranger, amount: 1_500_000n, assetId: baseAssetId }];
    const { transaction, status, gasPrice } = await assembled(draft({ outputs }), {
      required: [balance({ amount: "1500000" })],
    });
    expect([status.type, gasPrice]).toEqual(["DryRunSuccessStatus", "1"]);
    expect(typesOf(transaction.inputs)).toEqual(["InputCoin", "InputCoin"]);
    expect(transaction.outputs).toEqual([
      { type: "CoinOutput", to: stranger, amount: "1500000" },
      { type: "ChangeOutput", to: owner, amount: "0" },
    ]);
    expect(transaction.witnesses).toEqual([`0x${"00".repeat(64)}`]);
    expect(Number(transaction.policies.maxFee)).toBeGreaterThan(0);
  });

  it("with a script limit that is what its script takes, and a fee for the reserve asked for", async () => {
    const { transaction, status } = await assembled(draft());
    expect(Number(transaction.scriptGasLimit)).toBeGreaterThan(0);
    const more = await assembled(draft(), { reserve: "920000" });
    expect(Number(more.transaction.policies.maxFee) - Number(transaction.policies.maxFee)).toBe(10_000);
    expect(BigInt(transaction.policies.maxFee)).toBe((BigInt(status.totalGas) + 91n) / 92n);
  });

  it("keeping what its sender decided: a higher fee, a tip, limits of witnesses that are enough", async () => {
    const policies = { tip: 7n, maxFee: 50_000n, witnessLimit: 1n };
    const { transaction } = await assembled(draft({ policies }));
    expect(transaction.policies).toEqual({ tip: "7", maxFee: "50000", witnessLimit: "72" });
  });

  it("without coins that are excluded", async () => {
    const { transaction } = await assembled(draft());
    const used = transaction.inputs.map(({ utxoId }) => utxoId);
    const other = await assembled(draft(), { exclude: { utxos: used, messages: [] } });
    expect(other.transaction.inputs.map(({ utxoId }) => utxoId)).not.toEqual(used);
  });

  it("with a predicate's coins, and the gas that it uses", async () => {
    const predicate = { predicateAddress: predicateOwner, predicate: toHex(holds), predicateData: "0x" };
    const variables = { required: [balance({ predicate, amount: "5", change: predicateOwner })] };
    const { transaction, status } = await assembled(draft(), { ...variables, estimate: true });
    expect(transaction.inputs[0]?.owner).toBe(predicateOwner);
    expect(Number(transaction.inputs[0]?.predicateGasUsed)).toBeGreaterThan(0);
    expect([transaction.witnesses, status.type]).toEqual([[], "DryRunSuccessStatus"]);
    const rough = await assembled(draft(), { ...variables, estimate: false });
    expect(rough.transaction.inputs[0]?.predicateGasUsed).toBe("0");
  });

  it("with the contracts that it turns out to call, and their outputs", async () => {
    const wallet = Wallet.fromPrivateKey(secret, new Provider(tenant.server.rpc));
    const { waitForResult } = await new ContractFactory(counterCode, counterAbi, wallet).deployAsCreateTx();
    const id = (await waitForResult()).contract.id.toB256() as Hex;
    // Asks for the balance of the contract whose id stands in its data.
    const script = toHex(
      assemble([
        asm.gtf(0x10, 0, asm.GTFArgs.ScriptData),
        asm.addi(0x11, 0x10, 32),
        asm.bal(0x12, 0x11, 0x10),
        asm.ret(0x12),
      ]),
    );
    const scriptData: Hex = `${id}${baseAssetId.slice(2)}`;
    const { transaction, status } = await assembled(draft({ script, scriptData }));
    expect(status.type).toBe("DryRunSuccessStatus");
    const index = transaction.inputs.findIndex(({ contractId }) => contractId === id);
    expect(transaction.outputs).toContainEqual({ type: "ContractOutput", inputIndex: String(index) });
    const unknown = await assembled(draft({ script, scriptData: `${stranger}${baseAssetId.slice(2)}` })).catch(String);
    expect(JSON.stringify(unknown)).toMatch(/DryRunFailureStatus|contract/i);
  });

  it("with a coin even where gas is free: something has to make it unique", async () => {
    const { transaction, gasPrice } = await assembled(draft(), {}, free);
    expect([transaction.inputs.length, transaction.policies.maxFee, gasPrice]).toEqual([1, "0", "0"]);
  });

  it("and tried: what would fail comes with its reason", async () => {
    const script = toHex(assemble([asm.movi(0x10, 77), asm.rvrt(0x10)]));
    expect((await assembled(draft({ script }))).status).toMatchObject({
      type: "DryRunFailureStatus",
      reason: "Revert(77)",
    });
    const endless = toHex(assemble([asm.ji(0)]));
    expect((await assembled(draft({ script: endless }))).status).toMatchObject({ reason: "OutOfGas" });
  });
});

describe("a transaction can't be completed", () => {
  it.each([
    [
      "change to two places",
      { required: [balance(), balance({ address: stranger, change: stranger })] },
      /multiple change policies/,
    ],
    ["one balance asked for twice", { required: [balance(), balance()] }, /duplicate \(asset, account\) pair/],
    ["nobody to pay", { payer: "3" }, /feeAddressIndex/],
    [
      "more than there is",
      { required: [balance({ amount: "10000000" })] },
      /insufficient coins available for [0-9a-f]{64}. Collected: \d+/,
    ],
    ["an owner without coins", { required: [balance({ address: stranger, change: stranger })] }, /insufficient coins/],
    ["a balance of nobody", { required: [{ ...balance(), account: {} }] }, /exactly one|Exactly one/],
  ])("with %s", async (_, variables, problem) => {
    const { errors } = await ask(draft(), variables);
    expect(errors?.[0]?.message).toMatch(problem);
  });

  it("when it is none", async () => {
    const body = { query, variables: { tx: "0x00ff", required: [balance()], payer: "0" } };
    const response = await fetch(tenant.server.rpc, { method: "POST", body: JSON.stringify(body) });
    expect(JSON.stringify(await response.json())).toMatch(/not a Fuel transaction/);
  });
});
