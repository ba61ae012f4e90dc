/** BLS verification on other threads, in batches: the main thread only ever packs bytes. */
import { Worker } from "node:worker_threads";
import { possessionMessage } from "../../protocol/signing.ts";
import type { Bls } from "./bls.ts";
import { aggregate, createChecker } from "./blst.ts";
import { isWellFormed, packChecks, type SignatureCheck } from "./checks.ts";

/** Longer batches gain nothing per check and make the first one wait. */
const batchChecks = 32;
/** About a second of work for one thread. */
const queuedChecks = 1024;

type Pending = { check: SignatureCheck; resolve: (valid: boolean) => void };
type Thread = { worker: Worker | undefined; batch: Pending[] };

/** In development the thread, too, runs TypeScript: Node 20 needs tsx registered inside it. */
const startWorker = (): Worker => {
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL("./worker.js", import.meta.url));
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const entry = JSON.stringify(new URL("./worker.ts", import.meta.url).href);
  return new Worker(`import(${tsx}).then(({ register }) => { register(); return import(${entry}); })`, { eval: true });
};

/**
 * Threads start with the first check. With a full queue, and for the batch of a thread that died,
 * the caller's own thread verifies: answers are always right, and whoever produces the work slows down.
 * After `close` every answer comes from the caller's thread.
 */
export const createBlsPool = ({ threads = 1 }: { threads?: number } = {}): Bls & { close(): Promise<void> } => {
  const checkHere = createChecker();
  const queue: Pending[] = [];
  const pool = Array.from({ length: threads }, (): Thread => ({ worker: undefined, batch: [] }));
  let closed = false;

  const answer = (batch: readonly Pending[], verdicts: ArrayLike<boolean | number>) => {
    for (const [i, { resolve }] of batch.entries()) resolve(Boolean(verdicts[i]));
  };

  const start = (thread: Thread): Worker => {
    const worker = startWorker();
    worker.unref();
    worker.on("message", (verdicts: Uint8Array) => {
      const { batch } = thread;
      thread.batch = [];
      worker.unref();
      answer(batch, verdicts);
      feed(thread);
    });
    worker.on("error", (error) => process.emitWarning(error));
    worker.on("exit", () => {
      const { batch } = thread;
      thread.batch = [];
      thread.worker = undefined;
      answer(batch, checkHere(batch.map(({ check }) => check)));
      feed(thread);
    });
    return worker;
  };

  const feed = (thread: Thread) => {
    if (thread.batch.length > 0 || queue.length === 0) return;
    thread.batch = queue.splice(0, batchChecks);
    const checks = thread.batch.map(({ check }) => check);
    if (closed) {
      const { batch } = thread;
      thread.batch = [];
      answer(batch, checkHere(checks));
      feed(thread);
      return;
    }
    thread.worker ??= start(thread);
    thread.worker.ref();
    thread.worker.postMessage(packChecks(checks));
  };

  const decide = (check: SignatureCheck): Promise<boolean> => {
    if (!isWellFormed(check)) return Promise.resolve(false);
    if (closed || queue.length >= queuedChecks) return Promise.resolve(checkHere([check])[0] === true);
    return new Promise((resolve) => {
      queue.push({ check, resolve });
      for (const thread of pool) feed(thread);
    });
  };

  return {
    verify: (publicKey, message, signature) => decide({ publicKeys: [publicKey], message, signature }),
    verifyAggregate: (publicKeys, message, signature) => decide({ publicKeys, message, signature }),
    verifyPossession: (publicKey, possession) =>
      decide({ publicKeys: [publicKey], message: possessionMessage(publicKey), signature: possession }),
    aggregate,
    close: async () => {
      closed = true;
      await Promise.all(pool.map(({ worker }) => worker?.terminate()));
    },
  };
};
