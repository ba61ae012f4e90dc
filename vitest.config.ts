import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const shared = { pool: "threads", isolate: false, testTimeout: 60_000, hookTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
          include: ["**/*.test.ts"],
          exclude: ["test/e2e/**", "node_modules/**", "dist/**", "adapters/engines/**"],
        },
      },
      {
        test: {
          ...shared,
          name: "e2e",
          // Each runs networks of processes, which have the machine to themselves.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/e2e/globalSetup.ts"],
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
