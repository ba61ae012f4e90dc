// Compiles Cairo contracts to the Sierra classes that are committed beside them. It takes most of a minute for each.
//
//   node scripts/cairo.mjs [file.cairo...]     without files, all contracts of this repository

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import initialize, { compileStarknetContract } from "wasm-cairo";
import { toNativeSierra } from "./sierra.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = ["adapters/cairo/contracts", "test/contracts/cairo"];

/** JSON as Starknet hashes an ABI: a space after each comma and colon. */
const spaced = (value) => {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${spaced(member)}`);
  return `{${members.join(", ")}}`;
};

/** The class as Starknet's RPC has it. */
const classOf = (compiled) => ({
  sierra_program: toNativeSierra(compiled.sierra_program),
  contract_class_version: compiled.contract_class_version,
  entry_points_by_type: compiled.entry_points_by_type,
  abi: spaced(compiled.abi),
});

const sources = () =>
  folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".cairo"))
      .map((name) => join(root, folder, name)),
  );

const wasm = createRequire(import.meta.url).resolve("wasm-cairo/wasm-cairo_bg.wasm");
await initialize({ module_or_path: readFileSync(wasm) });
const asked = process.argv.slice(2);
for (const path of asked.length > 0 ? asked : sources()) {
  const compiled = JSON.parse(compileStarknetContract(readFileSync(path, "utf8"), true, false));
  const target = path.replace(/\.cairo$/, ".sierra.json");
  writeFileSync(target, `${JSON.stringify(classOf(compiled))}\n`);
  console.log(relative(root, target));
}
