/** What happens in recorded blocks: one function for each kind of thing that an EVM can get wrong. */
import { concatHex, getContractAddress, type Hex, numberToHex, toHex, zeroAddress } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { beaconRoots, blockHashHistory } from "../../adapters/evm/systemContracts.ts";
import { deploying, deployingZeros, programs, randomProgram } from "./programs.ts";
import { budget, chainId, contracts, type Draft, type World } from "./world.ts";

export type Scenario = (world: World) => Draft[] | Promise<Draft[]>;

const freshAddress = ({ random }: World): Hex => toHex(random.bytes(20));
const somewhere = (world: World): Hex =>
  world.random.pick([
    ...Object.values(contracts),
    ...world.senders.map(({ address }) => address),
    ...world.deployed,
    world.workbench,
    world.feeRecipient,
    freshAddress(world),
    numberToHex(1 + world.random.int(18), { size: 20 }),
    "0xfffffffffffffffffffffffffffffffffffffffe",
    zeroAddress,
  ]);
const ether = 10n ** 18n;

const bench = (world: World, name: string, args: unknown[], rest: Draft = {}): Draft => ({
  to: world.workbench,
  data: world.call(name, ...args),
  ...rest,
});

/** Creates by transaction; the address is known to later scenarios. */
const deploy = (world: World, data: Hex, rest: Draft = {}): Draft => {
  const from = rest.from ?? world.random.pick(world.senders);
  world.deployed.push(getContractAddress({ from: from.address, nonce: BigInt(world.nextNonce(from.address)) }));
  if (world.deployed.length > 60) world.deployed.shift();
  return { from, data, ...rest };
};

const authorize = async (
  { nextNonce }: World,
  authority: PrivateKeyAccount,
  code: Hex,
  { nonceShift = 0, chain = chainId } = {},
) => {
  const nonce = nextNonce(authority.address) + nonceShift;
  return authority.signAuthorization({ contractAddress: code, chainId: chain, nonce });
};

export const scenarios: Readonly<Record<string, Scenario>> = {
  transfer: (world) => [{ to: freshAddress(world), value: BigInt(world.random.int(1000)), gas: 21_000 }],

  "transfer to anything": (world) => [
    {
      to: somewhere(world),
      value: world.random.chance(0.5) ? 1n : 0n,
      data: toHex(world.random.bytes(world.random.int(40))),
      gas: 100_000,
    },
  ],

  "calldata at the floor of EIP-7623": ({ random, senders }) => {
    const data = random.bytes(random.int(3000)).map((byte) => (byte < 100 ? 0 : byte));
    const tokens = data.reduce((sum, byte) => sum + (byte === 0 ? 1 : 4), 0);
    const floor = 21_000 + 10 * tokens;
    const to = random.pick([random.pick(senders).address, contracts.looper, contracts.clearer]);
    return [{ to, data: toHex(data), gas: floor + random.pick([-1, 0, 0, 1, 50_000]) }];
  },

  storage: (world) => {
    const { random } = world;
    const first = random.int(30);
    return [
      bench(world, "store", [first, random.int(12), random.chance(0.4) ? 0 : random.int(5)], {
        value: BigInt(random.int(3)),
      }),
      bench(world, "load", [random.int(40), 6]),
      bench(world, "flip", [random.int(40), Array.from({ length: 6 }, () => random.int(3))]),
    ];
  },

  "access list": (world) => {
    const { random, workbench } = world;
    const keys = Array.from({ length: random.int(6) }, () => numberToHex(random.int(6), { size: 32 }));
    const accessList = [
      { address: workbench, storageKeys: keys },
      { address: freshAddress(world), storageKeys: keys.slice(0, 1) },
      { address: contracts.burner, storageKeys: [] },
    ];
    const type = random.pick(["eip2930", "eip1559"] as const);
    return [
      bench(world, "load", [0, 2], { type, accessList }),
      bench(world, "extcode", [contracts.burner], { type, accessList }),
    ];
  },

  refunds: (world) => [{ to: contracts.clearer, gas: 400_000 }, bench(world, "store", [0, 30, 0], { gas: 2_000_000 })],

  logs: (world) => [bench(world, "log", [world.random.int(2 ** 31), toHex(world.random.bytes(world.random.int(100)))])],

  failure: (world) => {
    const kind = world.random.int(9);
    const limit = 60_000 + world.random.int(100_000);
    return [
      bench(world, "fail", [kind], { gas: limit }),
      bench(world, "catchFailure", [kind, world.random.int(90_000)]),
    ];
  },

  "out of gas": (world) => [
    { to: contracts.looper, gas: 21_000 + world.random.int(30_000) },
    bench(world, "store", [100, 20, world.random.int(9)], { gas: 21_000 + world.random.int(400_000) }),
    { to: contracts.reverter, gas: 21_000 + world.random.int(30) },
  ],

  "creation by transaction": (world) => {
    const { random } = world;
    const initcode = random.pick([
      ...Object.values(programs).filter((code) => code !== programs.loops),
      deploying(programs.busy),
      deploying(programs.reverts),
    ]);
    return [deploy(world, initcode, { value: BigInt(random.int(2)), gas: 53_000 + random.int(150_000) })];
  },

  "creation by contract": (world) => {
    const { random } = world;
    const salt = numberToHex(random.int(40), { size: 32 });
    return [
      bench(world, "make", [random.int(9), random.int(5), salt, random.chance(0.6)], { value: BigInt(random.int(3)) }),
      bench(world, "create", [
        random.pick([...Object.values(programs).filter((code) => code !== programs.loops), deploying(programs.busy)]),
      ]),
    ];
  },

  "size limits": (world) => {
    const { random } = world;
    const size = random.pick([24_575, 24_576, 24_577]);
    const largest = { gas: budget.gas.largest };
    return [
      random.pick<Draft>([
        deploy(world, deployingZeros(size), largest),
        bench(world, "create", [deployingZeros(size)], largest),
        bench(world, "createZeros", [random.pick([49_151, 49_152, 49_153])], { gas: 3_000_000 }),
        { data: concatHex(["0x00", `0x${"5b".repeat(random.pick([49_151, 49_152]))}`]), gas: 5_000_000 },
        deploy(world, deployingZeros(24_576), { gas: 4_000_000 + random.int(2_000_000) }),
      ]),
    ];
  },

  "self-destruction": (world) => {
    const { random } = world;
    const heir = somewhere(world);
    const salt = numberToHex(random.int(1000), { size: 32 });
    return [
      bench(world, "destroyOld", [random.int(100), heir], { value: BigInt(random.int(5)) }),
      bench(world, "destroyNew", [salt, heir, random.chance(0.5), random.chance(0.5)], {
        value: BigInt(random.int(5)),
      }),
      { to: contracts.destroyer, value: BigInt(random.int(3)), gas: 100_000 },
    ];
  },

  precompiles: (world) => {
    const { random } = world;
    // The first four in turn with all they need, so that every call is made; others with little gas or as a transaction.
    const full = Array.from({ length: 4 }, () => world.nextPrecompile());
    const short = Array.from({ length: 2 }, () => random.pick(world.precompiles));
    const calls = [...full, ...short];
    const limits = [...full.map(() => 400_000), ...short.map(() => random.int(130_000))];
    const { address, input } = random.pick(world.precompiles);
    return [
      bench(world, "askAll", [calls.map((call) => call.address), limits, calls.map((call) => call.input)], {
        gas: 4_000_000,
      }),
      { to: address, data: input, gas: 600_000, value: BigInt(random.int(2)) },
    ];
  },

  history: (world) => {
    const { random, recorder } = world;
    const number = recorder.number() + 1 - random.pick([0, 1, 2, 255, 256, 257, 300, random.int(1000)]);
    const timestamp = recorder.timestamp() - random.int(4);
    return [
      bench(world, "history", [Math.max(0, number), timestamp]),
      { to: blockHashHistory.address, data: numberToHex(Math.max(0, number), { size: 32 }), gas: 60_000 },
      {
        to: beaconRoots.address,
        data: random.pick<Hex>([numberToHex(timestamp, { size: 32 }), "0x12", numberToHex(0, { size: 32 })]),
        gas: 60_000,
      },
    ];
  },

  environment: (world) => [
    bench(world, "environment", [], { value: BigInt(world.random.int(2)), tip: BigInt(world.random.int(2)) }),
  ],

  "code of others": (world) => [
    bench(world, "extcode", [somewhere(world)]),
    bench(world, "extcode", [world.random.pick(world.delegators).address]),
  ],

  "transient storage and memory": (world) => {
    const { random } = world;
    return [
      bench(world, "passing", [random.int(4), random.word()]),
      bench(world, "copy", [random.int(1500), random.int(1500), random.int(700)]),
      bench(world, "compute", [BigInt.asIntN(256, random.word()), BigInt.asIntN(256, random.word()), random.word()]),
    ];
  },

  "nested calls": (world) => {
    const { random, workbench } = world;
    return [
      bench(world, "recurse", [random.pick([1, 5, 20])], { value: BigInt(random.int(100)), gas: 900_000 }),
      bench(world, "pay", [somewhere(world), random.int(3), random.pick([0, 2300, 50_000])], { value: 2n }),
      bench(
        world,
        "forward",
        [random.int(4), random.pick([workbench, somewhere(world)]), random.int(2), world.call("log", 5, "0x")],
        { value: 1n },
      ),
    ];
  },

  delegation: async (world) => {
    const { random, delegators, strangers, workbench } = world;
    const [authority, stranger] = [random.pick(delegators), random.pick(strangers)];
    const code = random.pick([
      workbench,
      contracts.reverter,
      contracts.delegated,
      authority.address,
      numberToHex(2, { size: 20 }),
      zeroAddress,
      freshAddress(world),
    ]);
    const authorizationList = await Promise.all([
      authorize(world, authority, code, { chain: random.pick([chainId, chainId, 0, 1]) }),
      authorize(world, stranger, random.pick([workbench, zeroAddress])),
      authorize(world, random.pick(delegators), zeroAddress, { nonceShift: random.int(3) }),
    ]);
    const kept = authorizationList.slice(0, 1 + random.int(3));
    const target = random.pick([authority.address, stranger.address]);
    return [
      { to: target, authorizationList: kept, data: world.call("log", 3, "0x1234"), value: BigInt(random.int(2)) },
      { from: authority, to: target, data: world.call("environment"), value: 1n },
      bench(world, "forward", [random.int(4), target, 0, world.call("store", 1, 2, random.int(3))]),
    ];
  },

  "delegation by the sender itself": async (world) => {
    const from = world.random.pick(world.delegators);
    const authorization = await authorize(world, from, world.random.pick([world.workbench, zeroAddress]), {
      nonceShift: world.random.pick([1, 1, 0]),
    });
    return [
      { from, to: from.address, authorizationList: [authorization], data: world.call("store", 1, 3, 9), gas: 300_000 },
    ];
  },

  "what is left out": (world) => {
    const { random, poor } = world;
    return [
      random.pick<Draft>([
        { from: poor, to: somewhere(world), value: ether, gas: 21_000, maxFee: 10n ** 9n },
        { from: poor, to: zeroAddress, gas: 21_000, maxFee: 2n * 10n ** 9n },
        { to: zeroAddress, gas: 21_000, nonceShift: 5 },
        { to: zeroAddress, gas: 21_000, maxFee: 10n ** 8n, type: "eip1559" },
        { to: zeroAddress, gas: budget.gas.largest + 1 },
        { to: zeroAddress, gas: 20_999 },
      ]),
    ];
  },

  "full block": ({ random }) =>
    Array.from({ length: 5 }, () => ({
      to: random.pick([contracts.burner, contracts.reverter]),
      gas: 3_000_000 + random.int(1_000_000),
    })),

  "no tip": (world) => [{ to: somewhere(world), type: "eip1559", tip: 0n, gas: 120_000 }],

  "random code by transaction": (world) => {
    const code = randomProgram(world.random, [world.workbench, ...Object.values(contracts)]);
    return [
      deploy(world, world.random.chance(0.5) ? code : deploying(code), {
        value: BigInt(world.random.int(2)),
        gas: 200_000 + world.random.int(400_000),
      }),
    ];
  },

  "random code called": (world) => {
    const { random, deployed } = world;
    if (deployed.length === 0) return [];
    return [
      {
        to: random.pick(deployed),
        data: toHex(random.bytes(random.int(70))),
        value: BigInt(random.int(2)),
        gas: 100_000 + random.int(300_000),
      },
      bench(world, "create", [randomProgram(random, [...deployed, world.workbench])]),
    ];
  },
};
