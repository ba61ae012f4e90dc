// The addon as JavaScript sees it: every method of the README once. Run with `node --test` after building the engine.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { ensureEngine } from "../../../../scripts/engines.mjs";

const { EvmEngine } = createRequire(import.meta.url)(await ensureEngine("evm"));

const account = privateKeyToAccount(`0x${"11".repeat(32)}`);
const sender = account.address.toLowerCase();
const to = `0x${"22".repeat(20)}`;
/** Returns its slot 0 and adds one to it. */
const counter = { address: `0x${"33".repeat(20)}`, code: "0x600054806001016000556000526020" + "6000f3" };
const chain = { chainId: 31337 };
const bytes = (hex) => Buffer.from(hex.slice(2), "hex");
const word = (value) => Buffer.from(value.toString(16).padStart(64, "0"), "hex");

function genesis() {
  const alloc = { [sender]: { balance: "1000000000000000000" }, [counter.address]: { code: counter.code } };
  return JSON.stringify({ ...chain, gasLimit: 100_000_000, baseFee: "0x3b9aca00", alloc });
}

function environment(number) {
  const zero = `0x${"00".repeat(32)}`;
  const fixed = { coinbase: `0x${"cb".repeat(20)}`, mixHash: zero, parentBeaconBlockRoot: zero };
  return JSON.stringify({ number, timestamp: number, gasLimit: "100000000", baseFee: 1_000_000_000, ...fixed });
}

async function transfer(nonce) {
  const fees = { maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 1n };
  return bytes(
    await account.signTransaction({ ...chain, ...fees, type: "eip1559", nonce, gas: 21_000n, to, value: 5n }),
  );
}

/** A packed list of transactions. */
function pack(transactions) {
  const length = ({ length }) => Buffer.from(length.toString(16).padStart(8, "0"), "hex");
  return Buffer.concat(transactions.flatMap((transaction) => [length(transaction), transaction]));
}

/** Neighbouring fields of these lengths, as hex. */
function fields(packed, lengths) {
  const starts = lengths.map((_, at) => lengths.slice(0, at).reduce((sum, length) => sum + length, 0));
  return lengths.map((length, at) => packed.toString("hex", starts[at], starts[at] + length));
}

/** The code in the packed form of what is invalid. */
function refusal(packed) {
  assert.equal(packed[0], 0);
  return packed.subarray(3, 3 + packed.readUInt16BE(1)).toString();
}

/** A store: applies diffs, and gives entries back. */
function store() {
  const held = new Map();
  const field = (diff, at, lengthBytes) => {
    const length = diff.readUIntBE(at, lengthBytes);
    const absent = lengthBytes === 4 && length === 0xffffffff;
    const start = at + lengthBytes;
    return absent ? [null, start] : [diff.subarray(start, start + length), start + length];
  };
  return {
    apply(diff) {
      for (let at = 0; at < diff.length; ) {
        const [key, afterKey] = field(diff, at, 2);
        const [, afterOld] = field(diff, afterKey, 4);
        const [value, end] = field(diff, afterOld, 4);
        if (value) held.set(key.toString("hex"), value);
        else held.delete(key.toString("hex"));
        at = end;
      }
    },
    entries() {
      const parts = [...held].flatMap(([key, value]) => {
        const lengths = [Buffer.alloc(2), Buffer.alloc(4)];
        lengths[0].writeUInt16BE(key.length / 2);
        lengths[1].writeUInt32BE(value.length);
        return [lengths[0], Buffer.from(key, "hex"), lengths[1], value];
      });
      return Buffer.concat(parts);
    },
  };
}

test("builds, reads, stores and restarts", async () => {
  const engine = new EvmEngine(genesis());
  const stored = store();
  const zeroth = engine.genesis();
  stored.apply(zeroth.diff);
  assert.equal(keccak256(zeroth.header), zeroth.blockHash);

  const raw = [await transfer(0), await transfer(1)];
  const inspected = engine.inspect(pack([raw[0], Buffer.from([3])]));
  const [hash, address, nonce, gas, cost] = fields(inspected.subarray(1), [32, 20, 8, 8, 32, 16, 16, 8, 32]);
  assert.deepEqual([`0x${hash}`, `0x${address}`], [keccak256(raw[0]), sender]);
  assert.deepEqual(
    [nonce, gas, cost].map((each) => BigInt(`0x${each}`)),
    [0n, 21_000n, 21_000n * 2_000_000_000n + 5n],
  );
  assert.equal(refusal(inspected.subarray(173)), "unsupported_type");

  engine.begin(environment(1));
  assert.deepEqual(JSON.parse(engine.systemCall(bytes(to), Buffer.alloc(0))), {
    success: true,
    gasUsed: "0x0",
    output: "0x",
  });
  assert.equal(JSON.parse(engine.systemCall(bytes(counter.address), Buffer.alloc(0))).success, true);
  const checkpoint = engine.checkpoint();
  assert.equal(engine.execute(pack([raw[0]]), [0])[0], 1);
  engine.revert(checkpoint);
  const again = engine.checkpoint();
  const executed = engine.execute(pack([raw[0], raw[0]]), [3, 7]);
  const [applied, gasUsed, succeeded, length] = fields(executed.subarray(1), [32, 8, 1, 4]);
  assert.deepEqual([`0x${applied}`, Number(`0x${gasUsed}`), succeeded], [keccak256(raw[0]), 21_000, "01"]);
  assert.equal(refusal(executed.subarray(46 + Number(`0x${length}`))), "nonce_too_low");
  engine.commit(again);
  const sealed = engine.seal();
  stored.apply(sealed.diff);
  assert.deepEqual([sealed.number, sealed.gasUsed, sealed.parentHash], [1, 21_000, zeroth.blockHash]);
  assert.equal(keccak256(sealed.header), sealed.blockHash);
  assert.deepEqual(engine.header(1), sealed.header);

  assert.equal(JSON.parse(engine.account(1, bytes(to))).balance, "0x5");
  assert.equal(engine.account(0, bytes(to)), null);
  assert.deepEqual(engine.code(1, bytes(counter.address)), bytes(counter.code));
  assert.deepEqual(engine.storage(1, bytes(counter.address), word(0)), word(1));
  const proof = JSON.parse(engine.prove(1, bytes(counter.address), [word(0), word(1)]));
  assert.deepEqual(
    proof.storageProof.map((slot) => slot.value),
    ["0x1", "0x0"],
  );
  assert.equal(keccak256(proof.accountProof[0]), sealed.stateRoot);
  const request = JSON.stringify({ to: counter.address });
  assert.equal(JSON.parse(engine.call(1, request)).output, `0x${word(1).toString("hex")}`);
  assert.equal(JSON.parse(engine.estimate(1, JSON.stringify({ from: sender, to, value: "0x1" }))).gas, "0x5208");

  const loaded = EvmEngine.open(JSON.stringify(chain));
  loaded.load(stored.entries());
  assert.deepEqual(loaded.loaded(), engine.head());
  assert.equal(loaded.loadUndo(sealed.diff), false);
  for (const one of [engine, loaded]) {
    one.unwind(0);
    one.begin(environment(1));
    one.discard();
    assert.equal(one.head().blockHash, zeroth.blockHash);
  }
});

test("errors carry codes", () => {
  const engine = new EvmEngine(genesis());
  const code = (run, expected) => assert.throws(run, (error) => error instanceof Error && error.code === expected);
  code(() => new EvmEngine("{}"), "bad_input");
  code(() => engine.seal(), "wrong_state");
  code(() => engine.account(1, bytes(to)), "height_unavailable");
  code(() => engine.account(0, Buffer.alloc(19)), "bad_input");
  code(() => engine.account(-1, bytes(to)), "bad_input");
  code(() => engine.call(0, JSON.stringify({ to, value: "0x1" })), "insufficient_funds");
  code(() => EvmEngine.open(JSON.stringify(chain)).head(), "wrong_state");
  engine.begin(environment(1));
  code(() => engine.revert(0), "bad_checkpoint");
  const loading = EvmEngine.open(JSON.stringify(chain));
  code(() => loading.loaded(), "bad_input");
  code(() => loading.load(Buffer.alloc(0)), "panicked");
  code(() => loading.head(), "panicked");
});
