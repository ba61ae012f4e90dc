import { ContractFactory, Provider, ScriptTransactionRequest, Wallet, type WalletUnlocked } from "fuels";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { usualBudgets } from "../../../protocol/budget.ts";
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import { createFuelChain, type FuelChain } from "../../../test/fixtures/fuelChain.ts";
import { counterAbi, counterCode } from "../../../test/fixtures/fuelContract.ts";
import type { RpcServer } from "../../adapter.ts";
import { baseAssetId } from "../params.ts";
import { buildEngine } from "../testChain.ts";
import { dependentCosts, fixedCosts, optionalDependentCosts, optionalFixedCosts } from "./schema/gasCosts.ts";
import { createSchema } from "./schema/schema.ts";
import { serveFuelRpc } from "./server.ts";

const secret: Hex = `0x${"11".repeat(32)}`;
const zero32: Hex = `0x${"0".repeat(64)}`;
const owner = Wallet.fromPrivateKey(secret).address.toB256() as Hex;
const coins = Array.from({ length: 40 }, () => ({ owner, amount: String(10n ** 12n) }));

let chain: FuelChain;
let server: RpcServer;
/** Of another tenant: its genesis has another price, its budget is another. */
let other: { chain: FuelChain; server: RpcServer };
let provider: Provider;
let wallet: WalletUnlocked;

const listen = { host: "127.0.0.1", port: 0 };

beforeAll(async () => {
  await buildEngine();
  chain = await createFuelChain(coins);
  server = await serveFuelRpc(chain.services, listen);
  const { gas } = usualBudgets.fuel;
  const budget = { ...usualBudgets.fuel, gas: { ...gas, burst: gas.burst / 2, largest: gas.largest / 2 } };
  const otherChain = await createFuelChain(coins, { gasPrice: 7, budget });
  other = { chain: otherChain, server: await serveFuelRpc(otherChain.services, listen) };
  provider = new Provider(server.rpc);
  wallet = Wallet.fromPrivateKey(secret, provider);
}, 900_000);
afterAll(async () => {
  for (const each of [{ chain, server }, other]) {
    await each.server.close();
    await each.chain.close();
  }
});

type Variables = Readonly<Record<string, unknown>>;

const post = (url: string, query: string, variables: Variables) =>
  fetch(url, { method: "POST", body: JSON.stringify({ query, variables }) });

/** Data, or the messages of errors. */
const ask = async (query: string, variables: Variables = {}, url = server.rpc): Promise<unknown> => {
  const { data, errors } = (await (await post(url, query, variables)).json()) as {
    data?: unknown;
    errors?: { message: string }[];
  };
  return errors?.map(({ message }) => message) ?? data;
};

/** Events of a stream up to the end, or to so many. */
const follow = async (query: string, variables: Variables): Promise<string> => {
  const response = await post(server.ws, query, variables);
  return (await response.text()).replaceAll(/"extensions":\{[^}]*\}/g, "");
};

const transfer = async (to = Wallet.generate().address.toB256()) =>
  await (await wallet.transfer(to, 1000)).waitForResult();

/** A transfer that is ready to be sent. */
const signed = async (): Promise<{ tx: Hex; id: string }> => {
  const request = new ScriptTransactionRequest({ gasLimit: 10_000, maxFee: 10_000 });
  const [resource] = await wallet.getResourcesToSpend([[20_000, baseAssetId]]);
  if (resource === undefined) throw new Error("no coin is left");
  request.addResource(resource);
  request.addChangeOutput(wallet.address, baseAssetId);
  request.addCoinOutput(Wallet.generate().address, 7, baseAssetId);
  const id = request.getTransactionId(await provider.getChainId());
  request.updateWitnessByOwner(wallet.address, await wallet.signTransaction(request as never));
  return { tx: toHex(request.toTransactionBytes()), id };
};

const deploy = async () => {
  const factory = new ContractFactory(counterCode, counterAbi, wallet);
  const { waitForResult } = await factory.deployAsCreateTx({ salt: Wallet.generate().address.toB256() });
  return (await waitForResult()).contract;
};

type Call = (url?: string) => Promise<unknown>;
/** What a field answers, and what has to make it answer something else. */
type Row = { call: Call; change: () => Promise<unknown>; elsewhere?: undefined } | { call: Call; elsewhere: true };

/** A new row each time: what is asked about may be made for it. */
const rows: Readonly<Record<string, () => Promise<Row>>> = {
  chain: async () => ({ call: () => ask("{ chain { latestBlock { id height } } }"), change: () => chain.mine() }),
  nodeInfo: async () => ({ call: (url) => ask("{ nodeInfo { maxGas } }", {}, url), elsewhere: true }),
  consensusParameters: async () => ({
    call: (url) => ask("{ consensusParameters(version: 0) { txParams { maxGasPerTx } blockGasLimit } }", {}, url),
    elsewhere: true,
  }),
  estimateGasPrice: async () => ({
    call: (url) => ask("{ estimateGasPrice(blockHorizon: 5) { gasPrice } }", {}, url),
    elsewhere: true,
  }),
  latestGasPrice: async () => ({
    call: () => ask("{ latestGasPrice { gasPrice blockHeight } }"),
    change: () => chain.mine(),
  }),
  block: async () => {
    const height = String(chain.blocks.length);
    const query = "query ($h: U32!) { block(height: $h) { id header { time } transactions { id } } }";
    return { call: () => ask(query, { h: height }), change: () => transfer() };
  },
  blocks: async () => ({ call: () => ask("{ blocks(last: 1) { nodes { id } } }"), change: () => chain.mine() }),
  transaction: async () => {
    const { tx, id } = await signed();
    const query = "query ($id: TransactionId!) { transaction(id: $id) { rawPayload status { __typename } } }";
    return {
      call: () => ask(query, { id }),
      change: () => ask("mutation ($tx: HexString!) { submit(tx: $tx) { id } }", { tx }),
    };
  },
  transactions: async () => ({
    call: () => ask("{ transactions(last: 2) { nodes { id } } }"),
    change: () => transfer(),
  }),
  transactionsByOwner: async () => {
    const to = Wallet.generate().address.toB256();
    const query = "query ($o: Address!) { transactionsByOwner(owner: $o, first: 5) { nodes { id } } }";
    return { call: () => ask(query, { o: to }), change: () => transfer(to) };
  },
  coin: async () => {
    const { tx, id } = await signed();
    return {
      call: () => ask("query ($u: UtxoId!) { coin(utxoId: $u) { amount owner } }", { u: `${id}0001` }),
      change: () => follow("subscription ($tx: HexString!) { submitAndAwait(tx: $tx) { __typename } }", { tx }),
    };
  },
  coins: async () => ofOwner("coins(filter: { owner: $o }, first: 5) { nodes { utxoId amount } }"),
  coinsToSpend: async () =>
    ofOwner(
      `coinsToSpend(owner: $o, queryPerAsset: [{ assetId: "${baseAssetId}", amount: "5" }]) { ... on Coin { utxoId } }`,
    ),
  balance: async () => ofOwner(`balance(owner: $o, assetId: "${baseAssetId}") { amount amountU128 }`),
  balances: async () => ofOwner("balances(filter: { owner: $o }, first: 5) { nodes { assetId amountU128 } }"),
  contract: async () => ofContract("contract(id: $c) { bytecode }"),
  contractBalance: async () => ofForwarding(`contractBalance(contract: $c, asset: "${baseAssetId}") { amount }`),
  contractBalances: async () =>
    ofForwarding("contractBalances(filter: { contract: $c }, first: 5) { nodes { assetId amount } }"),
  contractSlots: async () => ofForwarding(`contractSlots(contract: $c, slots: ["${zero32}"])`),
  contractSlotProof: async () => ofForwarding(`contractSlotProof(contract: $c, slot: "${zero32}") { value }`),
  coinProof: async () => {
    const { tx, id } = await signed();
    return {
      call: () => ask("query ($u: UtxoId!) { coinProof(utxoId: $u) { value } }", { u: `${id}0001` }),
      change: () => follow("subscription ($tx: HexString!) { submitAndAwait(tx: $tx) { __typename } }", { tx }),
    };
  },
  blob: async () => {
    let id = zero32;
    return {
      call: () => ask("query ($b: BlobId!) { blob(id: $b) { bytecode } }", { b: id }),
      change: async () => {
        const deployed = await new ContractFactory(counterCode, counterAbi, wallet).deployAsBlobTx();
        await deployed.waitForResult();
        const { transactions } = (await ask("{ transactions(last: 20) { nodes { blobId } } }")) as {
          transactions: { nodes: { blobId: Hex | null }[] };
        };
        id = transactions.nodes.find(({ blobId }) => blobId !== null)?.blobId ?? zero32;
      },
    };
  },
  assembleTx: async () => {
    const to = Wallet.generate();
    const required = (address: string) => [
      { assetId: baseAssetId, amount: "1", account: { address }, changePolicy: { change: address } },
    ];
    const tx = toHex(new ScriptTransactionRequest({ gasLimit: 0 }).toTransactionBytes());
    const query = `query ($tx: HexString!, $r: [RequiredBalance!]!) {
      assembleTx(tx: $tx, blockHorizon: "1", requiredBalances: $r, feeAddressIndex: "0") { transaction { inputs { __typename } } }
    }`;
    const address = to.address.toB256();
    return {
      call: () => ask(query, { tx, r: required(address) }),
      change: async () => (await wallet.transfer(address, 1_000_000)).waitForResult(),
    };
  },
  dryRun: async () => {
    const { tx } = await signed();
    const query = "query ($tx: HexString!) { dryRun(txs: [$tx]) { status { __typename } } }";
    const submit = "subscription ($tx: HexString!) { submitAndAwait(tx: $tx) { __typename } }";
    return { call: () => ask(query, { tx }), change: () => follow(submit, { tx }) };
  },
  estimatePredicates: async () => {
    let code = "0x24040000";
    const query =
      "query ($tx: HexString!) { estimatePredicates(tx: $tx) { inputs { ... on InputCoin { predicateGasUsed } } } }";
    return {
      call: () => ask(query, { tx: predicateTransaction(code) }),
      change: async () => {
        code = "0x4700000047000000470000002404" + "0000";
      },
    };
  },
  submit: async () => {
    let { tx } = await signed();
    return {
      call: () => ask("mutation ($tx: HexString!) { submit(tx: $tx) { id } }", { tx }),
      change: async () => {
        await chain.mine();
        ({ tx } = await signed());
      },
    };
  },
  submitAndAwait: () => ofSubmission("submitAndAwait"),
  submitAndAwaitStatus: () => ofSubmission("submitAndAwaitStatus"),
  statusChange: async () => {
    let { id } = await transfer();
    const query =
      "subscription ($id: TransactionId!) { statusChange(id: $id) { ... on SuccessStatus { transactionId } } }";
    return {
      call: () => follow(query, { id }),
      change: async () => {
        ({ id } = await transfer());
      },
    };
  },
};

const ofOwner = async (field: string): Promise<Row> => {
  const to = Wallet.generate().address.toB256();
  return { call: () => ask(`query ($o: Address!) { ${field} }`, { o: to }), change: () => transfer(to) };
};

const ofContract = async (field: string): Promise<Row> => {
  let id = `0x${"77".repeat(32)}`;
  return {
    call: () => ask(`query ($c: ContractId!) { ${field} }`, { c: id }),
    change: async () => {
      id = (await deploy()).id.toB256();
    },
  };
};

const ofForwarding = async (field: string): Promise<Row> => {
  const contract = await deploy();
  const { increase } = contract.functions;
  return {
    call: () => ask(`query ($c: ContractId!) { ${field} }`, { c: contract.id.toB256() }),
    change: async () => {
      const forward = { amount: 5, assetId: baseAssetId };
      await (await increase?.(3).callParams({ forward }).call())?.waitForResult();
    },
  };
};

const ofSubmission = async (field: string): Promise<Row> => {
  let { tx } = await signed();
  const query = `subscription ($tx: HexString!) { ${field}(tx: $tx) { ... on SuccessStatus { transactionId blockHeight } } }`;
  return {
    call: () => follow(query, { tx }),
    change: async () => {
      ({ tx } = await signed());
    },
  };
};

const predicateTransaction = (code: string): Hex => {
  const request = new ScriptTransactionRequest({ gasLimit: 0, maxFee: 0 });
  request.inputs.push({
    type: 0,
    id: `0x${"00".repeat(34)}`,
    owner: zero32,
    amount: 1,
    assetId: baseAssetId,
    txPointer: "0x00000000000000000000000000000000",
    witnessIndex: 0,
    predicate: code,
  } as never);
  return toHex(request.toTransactionBytes());
};

/** Fields that can't answer anything else, and why. */
const constant: Readonly<Record<string, string>> = {
  health: "whoever answers is up",
  message: "no messages come from another chain: a tenant settles on none",
  messages: "as above",
  messageStatus: "as above",
  messageProof: "as above: refused",
  relayedTransactionStatus: "as above: nothing is relayed",
  produceBlocks: "refused: validators make the blocks",
};

describe("a field at the root", () => {
  const schema = createSchema();
  const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}),
  );

  it.each(fields)("%s answers from the chain, not with a constant", async (field) => {
    const row = await rows[field]?.();
    if (row === undefined) {
      expect(constant, `${field} has no row`).toHaveProperty(field);
      return;
    }
    const before = await row.call();
    const after = row.elsewhere ? await row.call(other.server.rpc) : await row.change().then(() => row.call());
    expect(after).not.toEqual(before);
    expect(JSON.stringify(after)).not.toMatch(/internal error|Cannot query/);
    expect(after).not.toBeNull();
  });

  it("has a row here, or a reason to be without one", () => {
    expect(Object.keys({ ...rows, ...constant }).toSorted()).toEqual(fields.toSorted());
  });

  it("that would execute too much at once is refused", async () => {
    const tx = toHex(new ScriptTransactionRequest({ gasLimit: 90_000_000, maxFee: 0 }).toTransactionBytes());
    const query = "query ($txs: [HexString!]!) { dryRun(txs: $txs, utxoValidation: false) { id } }";
    expect(await ask(query, { txs: [tx, tx, tx] })).toEqual([expect.stringMatching(/at most 200000000 of script gas/)]);
    expect(await ask(query, { txs: Array.from({ length: 17 }, () => tx) })).toEqual([
      expect.stringMatching(/at most 16/),
    ]);
  });

  it("has a cost for everything in the gas table that has one", async () => {
    const all = [...fixedCosts, ...optionalFixedCosts].join(" ");
    const dependent = [...dependentCosts, ...optionalDependentCosts].map((name) => `${name} { __typename }`).join(" ");
    const { chain: answered } = (await ask(`{ chain { gasCosts { ${all} ${dependent} } } }`)) as {
      chain: { gasCosts: Record<string, unknown> };
    };
    const missing = Object.entries(answered.gasCosts).flatMap(([name, cost]) => (cost === null ? [name] : []));
    expect(missing).toEqual(["srw", "sww", "scwq", "srwq", "swwq"]);
    expect(answered.gasCosts).toMatchObject({ modOp: expect.stringMatching(/^[1-9]/), ret: expect.any(String) });
  });

  it("that stays the same says so", async () => {
    expect(await ask("{ health }")).toEqual({ health: true });
    expect(await ask(`{ message(nonce: "${zero32}") { amount } }`)).toEqual({ message: null });
    expect(await ask("{ messages(first: 5) { nodes { amount } pageInfo { hasNextPage } } }")).toEqual({
      messages: { nodes: [], pageInfo: { hasNextPage: false } },
    });
    expect(await ask(`{ messageStatus(nonce: "${zero32}") { state } }`)).toEqual({
      messageStatus: { state: "NOT_FOUND" },
    });
    expect(await ask(`{ messageProof(transactionId: "${zero32}", nonce: "${zero32}") { amount } }`)).toEqual([
      expect.stringMatching(/no chain that messages go to/),
    ]);
    expect(await ask(`{ relayedTransactionStatus(id: "${zero32}") { __typename } }`)).toEqual({
      relayedTransactionStatus: null,
    });
    expect(await ask('mutation { produceBlocks(blocksToProduce: "1") }')).toEqual([
      expect.stringMatching(/validators of the shared sequencer make one/),
    ]);
  });
});
