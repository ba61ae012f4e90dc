/** The repository's own TypeScript, as text. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

const folders = ["protocol", "consensus", "adapters", "messaging", "sequencer", "client", "intents", "cli", "devnet"];

export type SourceFile = {
  /** Relative to the repository, with forward slashes. */
  path: string;
  isTest: boolean;
  lines: number;
  /** Imported files of the repository, as paths like `path`. */
  imports: string[];
  /** Imported packages and Node.js modules. */
  modules: string[];
};

const importPattern = /(?:\bfrom|\bimport)\s*\(?\s*"([^"\n]+)"/g;

const specifiersOf = (text: string): string[] =>
  [...text.matchAll(importPattern)].map(([, specifier = ""]) => specifier);

const ignored = new Set(["engines", "node_modules", "dist", "target"]);

const walk = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return ignored.has(entry.name) ? [] : walk(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });

/** Every TypeScript file of the layered folders and of `test/`. */
export const readSources = (): SourceFile[] => {
  const present = new Set(readdirSync(root));
  return [...folders, "test"]
    .filter((folder) => present.has(folder))
    .flatMap(walk)
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      const specifiers = specifiersOf(text);
      const isRelative = (specifier: string) => specifier.startsWith(".");
      return {
        path,
        isTest: path.startsWith("test/") || path.endsWith(".test.ts"),
        lines: text.split("\n").length - 1,
        imports: specifiers.filter(isRelative).map((specifier) => posix.join(posix.dirname(path), specifier)),
        modules: specifiers.filter((specifier) => !isRelative(specifier)),
      };
    });
};
