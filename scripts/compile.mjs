// Compiles to dist/, which `lockstep` and the processes it starts run.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const compiler = join(root, "node_modules", "typescript", "bin", "tsc");

/** Whether it worked; what went wrong has been printed. */
export const compile = () => {
  if (!existsSync(compiler)) {
    process.stderr.write("lockstep can't be compiled yet: run `npm ci` in its folder first.\n");
    return false;
  }
  const args = [compiler, "-p", "tsconfig.build.json"];
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status === 0;
};

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const compiled = compile();
  // npm also prepares for `npx lockstep`, and a failure then would leave npx broken for good.
  process.exitCode = compiled || process.env.npm_lifecycle_event === "prepare" ? 0 : 1;
}
