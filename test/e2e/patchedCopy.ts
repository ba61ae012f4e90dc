/** Copies of what `lockstep` runs, changed from outside: engines that break in one validator only. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** One file of `dist/`, and what stands there instead of something that it holds once. */
export type Patch = { file: string; from: string; to: string };

/** @throws Error when a file doesn't hold what is to be replaced exactly once */
export const copyPatched = async (
  patches: readonly Patch[],
): Promise<{ command: string; remove: () => Promise<void> }> => {
  const copy = await mkdtemp(join(tmpdir(), "lockstep-patched-"));
  await Promise.all(
    ["bin", "dist", "package.json"].map((name) => cp(join(root, name), join(copy, name), { recursive: true })),
  );
  await Promise.all(["adapters", "node_modules", "scripts"].map((name) => symlink(join(root, name), join(copy, name))));
  for (const { file, from, to } of patches) {
    const path = join(copy, "dist", file);
    const parts = (await readFile(path, "utf8")).split(from);
    if (parts.length !== 2) throw new Error(`${file} holds "${from}" ${parts.length - 1} times`);
    await writeFile(path, parts.join(to));
  }
  return { command: join(copy, "bin", "lockstep.js"), remove: () => rm(copy, { recursive: true, force: true }) };
};
