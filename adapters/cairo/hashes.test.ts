import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Hex } from "../../protocol/bytes.ts";
import { readClass } from "../../test/fixtures/cairoClass.ts";
import type { Executor } from "../adapter.ts";
import { classHashOf } from "./contracts/classHash.ts";
import { feltOf } from "./felt.ts";
import { openCairoExecutor } from "./open.ts";
import type { SierraClass } from "./sierraClass.ts";
import {
  accountOf,
  alice,
  bounds,
  budget,
  buildEngine,
  config,
  declare,
  deployAccount,
  domain,
  encodeConfig,
  invoke,
  type Signed,
} from "./testChain.ts";

let executor: Executor;
beforeAll(async () => {
  await buildEngine();
  ({ executor } = await openCairoExecutor({ domain, config: encodeConfig(config), budget }));
}, 1_800_000);
afterAll(() => executor.close());

const felt = fc.bigInt({ min: 0n, max: 2n ** 251n - 1n });
const draft = fc.record({
  nonce: fc.nat(2 ** 20),
  tip: fc.bigInt({ min: 0n, max: 2n ** 32n }),
  bounds: fc
    .tuple(fc.bigInt({ min: 1n, max: 1_000_000_000n }), fc.bigInt({ min: 1n, max: 2n ** 60n }))
    .map(([gas, price]) => bounds(gas, price)),
});
const call = fc.record({
  to: felt.map((value): Hex => feltOf(value % (2n ** 251n - 256n))),
  entrypoint: fc.string({ minLength: 1, maxLength: 20 }),
  calldata: fc.array(felt, { maxLength: 6 }),
});

/** What the engine computes of a transaction, whether or not an account would take it. */
const factsOf = async ({ bytes }: Signed): Promise<{ hash: Hex; sender: Hex; classHash?: Hex }> => {
  const answer = (await executor.read({ kind: "facts", transaction: bytes })) as { value: never };
  return answer.value;
};

describe("the engine agrees with starknet.js over generated transactions", () => {
  it("on hashes of INVOKEs", async () => {
    await fc.assert(
      fc.asyncProperty(draft, fc.array(call, { maxLength: 4 }), async (options, calls) => {
        const signed = invoke(alice, options, ...calls);
        expect(BigInt((await factsOf(signed)).hash)).toBe(BigInt(signed.hash));
      }),
      { numRuns: 60 },
    );
  });

  it("on hashes and addresses of DEPLOY_ACCOUNTs", async () => {
    await fc.assert(
      fc.asyncProperty(draft, fc.string(), async (options, name) => {
        const account = accountOf(name);
        const signed = deployAccount(account, { ...options, nonce: 0 });
        const { hash, sender } = await factsOf(signed);
        expect([BigInt(hash), BigInt(sender)]).toEqual([BigInt(signed.hash), BigInt(account.address)]);
      }),
      { numRuns: 40 },
    );
  });

  it("on hashes of DECLAREs and of classes", async () => {
    const inbox = readClass("inbox");
    await fc.assert(
      fc.asyncProperty(
        draft,
        fc.string(),
        fc.array(felt, { maxLength: 30 }),
        felt,
        async (options, abi, more, other) => {
          const program = [...inbox.sierra_program.slice(0, 20), ...more.map(feltOf)];
          const sierra: SierraClass = { ...inbox, abi, sierra_program: program };
          const named = { class: sierra, classHash: classHashOf(sierra), compiledClassHash: feltOf(other) };
          const signed = declare(alice, options, named);
          const { hash, classHash } = await factsOf(signed);
          expect([BigInt(hash), classHash]).toEqual([BigInt(signed.hash), named.classHash]);
        },
      ),
      { numRuns: 40 },
    );
  });
});
