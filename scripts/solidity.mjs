// Compiles the Solidity contracts that tenants start with to the artefacts that are committed beside them.
//
//   node scripts/solidity.mjs

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "adapters/evm/contracts");

/** ABI and runtime code of the contract that a source is named after. @throws Error with the compiler's messages */
export const compileRuntime = (path) => {
  const solc = createRequire(import.meta.url)("solc");
  const name = path.replace(/^.*\/|\.sol$/g, "");
  const settings = {
    evmVersion: "prague",
    optimizer: { enabled: true, runs: 200 },
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    outputSelection: { "*": { "*": ["abi", "evm.deployedBytecode.object"] } },
  };
  const sources = { [name]: { content: readFileSync(path, "utf8") } };
  const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings })));
  const contract = output.contracts?.[name]?.[name];
  if (contract === undefined) throw new Error(output.errors.map((error) => error.formattedMessage).join("\n"));
  return { abi: contract.abi, code: `0x${contract.evm.deployedBytecode.object}` };
};

export const sources = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".sol"))
    .map((name) => join(folder, name));

/** A typed module, so that it runs in a browser too. */
export const artefactOf = (path) => join(folder, `${path.replace(/^.*\/|\.sol$/g, "").toLowerCase()}Artefact.ts`);

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const path of sources()) {
    const { abi, code } = compileRuntime(path);
    const name = path.replace(/^.*\/|\.sol$/g, "").toLowerCase();
    const text = [
      `/** What \`scripts/solidity.mjs\` made of ${name}'s source. */`,
      `export const ${name}Abi = ${JSON.stringify(abi)} as const;`,
      `export const ${name}Code = "${code}";`,
    ];
    writeFileSync(artefactOf(path), `${text.join("\n\n")}\n`);
    spawnSync("npx", ["biome", "check", "--write", artefactOf(path)], { cwd: root, stdio: "ignore" });
    console.log(relative(root, artefactOf(path)));
  }
}
