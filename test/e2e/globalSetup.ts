/** One devnet for all end-to-end tests that leave its processes alone. */
import type { TestProject } from "vitest/node";
import type { DevnetReady } from "../../devnet/ready.ts";
import { startDevnet } from "./devnet.ts";

declare module "vitest" {
  interface ProvidedContext {
    devnet: DevnetReady;
  }
}

export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const devnet = await startDevnet();
  project.provide("devnet", devnet.ready);
  return devnet.remove;
};
