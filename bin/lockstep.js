#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";

const entry = new URL("../dist/cli/main.js", import.meta.url);
const { engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const [needed, have] = [engines.node.replace(">=", ""), process.versions.node];

const isOlder = (version, than) => {
  const [[a = 0, b = 0], [c = 0, d = 0]] = [version, than].map((text) => text.split(".").map(Number));
  return a < c || (a === c && b < d);
};

if (isOlder(have, needed)) {
  process.stderr.write(
    `lockstep needs Node.js ${needed} or newer, this is ${have}: install one from https://nodejs.org.\n`,
  );
  process.exitCode = 1;
} else if (!existsSync(entry)) {
  process.stderr.write(
    "lockstep is not compiled yet: run `npm ci` in its folder (later on, `npm run build` will do).\n",
  );
  process.exitCode = 1;
} else {
  const { main } = await import(entry.href);
  process.exitCode = await main(process.argv.slice(2));
}
