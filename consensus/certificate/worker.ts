/** Entry of a verifying thread: a batch of packed checks in, one byte for each out. */
import { parentPort } from "node:worker_threads";
import { createChecker } from "./blst.ts";
import { unpackChecks } from "./checks.ts";

const check = createChecker();

parentPort?.on("message", (packed: Uint8Array) => {
  parentPort?.postMessage(Uint8Array.from(check(unpackChecks(packed)), Number));
});
