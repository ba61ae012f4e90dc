/** Where this package lies: the same folder for sources and for compiled code in dist/. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const findRoot = (folder: string): string => {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error("no package.json above the command's own files");
  return findRoot(parent);
};

export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));
