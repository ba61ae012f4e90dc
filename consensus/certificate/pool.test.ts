import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { asSignature } from "../../protocol/ids.ts";
import { createSigner, generateSecretKey } from "./blst.ts";
import { createBlsPool } from "./pool.ts";

const signers = Array.from({ length: 5 }, (_, i) => createSigner(generateSecretKey(new Uint8Array(32).fill(i + 1))));
const messageOf = (i: number) => new Uint8Array(32).fill(i);

const pools: ReturnType<typeof createBlsPool>[] = [];
const openPool = (threads: number) => {
  const pool = createBlsPool({ threads });
  pools.push(pool);
  return pool;
};
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

/** A thread that dies leaves a warning, and its work to the main thread. */
const warnings: Error[] = [];
const keep = (warning: Error) => warnings.push(warning);
beforeAll(() => {
  process.on("warning", keep);
});
afterAll(() => {
  process.off("warning", keep);
  expect(warnings).toEqual([]);
});

/** Every third signature is under another message. */
const ask = (pool: ReturnType<typeof createBlsPool>, i: number) => {
  const signer = signers[i % signers.length] as (typeof signers)[0];
  const signature = signer.sign(messageOf(i % 3 === 0 ? (i + 1) % 256 : i % 256));
  return pool.verify(signer.publicKey, messageOf(i % 256), signature);
};
const expected = (count: number) => Array.from({ length: count }, (_, i) => i % 3 !== 0);

test.each([1, 2])("%i threads answer each of many mixed checks for itself", async (threads) => {
  const pool = openPool(threads);
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(pool, i)));
  expect(answers).toEqual(expected(200));
});

test("the main thread's turn goes on while checks run", async () => {
  const pool = openPool(1);
  await ask(pool, 1);
  const order: string[] = [];
  const answers = Promise.all(Array.from({ length: 50 }, (_, i) => ask(pool, i))).then(() => order.push("answers"));
  await new Promise((resolve) => setImmediate(resolve));
  order.push("turn");
  await answers;
  expect(order).toEqual(["turn", "answers"]);
});

test("more checks than the queue holds are all answered rightly", async () => {
  const pool = openPool(1);
  const answers = await Promise.all(Array.from({ length: 1200 }, (_, i) => ask(pool, i)));
  expect(answers).toEqual(expected(1200));
}, 30_000);

test("closing answers what is under way, and what comes later", async () => {
  const pool = openPool(1);
  const underWay = Promise.all(Array.from({ length: 60 }, (_, i) => ask(pool, i)));
  await pool.close();
  expect(await underWay).toEqual(expected(60));
  expect(await ask(pool, 1)).toBe(true);
  expect(await ask(pool, 3)).toBe(false);
});

test("views into larger buffers are checked as what they show", async () => {
  const pool = openPool(1);
  const [signer] = signers as [(typeof signers)[0]];
  const large = new Uint8Array(10_000);
  large.set(signer.sign(messageOf(1)), 5000);
  expect(await pool.verify(signer.publicKey, messageOf(1), asSignature(large.subarray(5000, 5096)))).toBe(true);
  expect(await pool.verify(signer.publicKey, messageOf(1), asSignature(large.subarray(4999, 5095)))).toBe(false);
});
