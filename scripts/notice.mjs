// Writes NOTICE: every package that Lockstep is built from or tested with, and its licence.
//
//   node scripts/notice.mjs            writes it, from both lock files, node_modules and cargo's metadata
//   node scripts/notice.mjs --check    tells whether it names exactly what the lock files name

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const noticePath = join(root, "NOTICE");
const workspace = join(root, "adapters/engines");

const head = `Lockstep
Copyright the Lockstep authors. Licensed under the Apache License, Version 2.0: see LICENSE.

Lockstep contains no code of others. It is built from, runs on and is tested with the packages below, which their
registries deliver under their own licences, as the packages themselves name them. Written by scripts/notice.mjs.

fuel-vm, fuel-derive and fuel-compression name BUSL-1.1 in their metadata. The Business Source License in the package of
fuel-vm (the other two come from the same repository, without a text of their own) has these parameters: "Change Date: The
earlier of 2026-01-01 or a date specified at <https://github.com/FuelLabs/fuel-v2-license-params/blob/master/CHANGE_DATE>"
and "Change License: Apache-2.0". It says that on the Change Date the licensor grants the rights of the Change License, and
the grant of the Business Source License ends. 2026-01-01 has passed, so by its own terms this version is under Apache-2.0.
Whoever redistributes it should read the text for themselves.
`;

/** `[name, version, licence]` of each npm package of the lock file, once. */
function npmPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const found = new Map();
  for (const [path, { name, version, license, link }] of Object.entries(packages)) {
    if (path === "" || link) continue;
    const packageName = name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const key = `${packageName} ${version}`;
    if (!found.get(key)?.[2]) found.set(key, [packageName, version, license ?? installedLicence(path)]);
  }
  return [...found.values()];
}

function installedLicence(path) {
  try {
    const { license, licenses } = JSON.parse(readFileSync(join(root, path, "package.json"), "utf8"));
    const named = license ?? licenses?.map(({ type }) => type).join(" OR ");
    return typeof named === "object" ? named?.type : named;
  } catch {
    return undefined;
  }
}

/** `[name, version]` of each crate of the lock file that comes from a registry. */
function lockedCrates() {
  const text = readFileSync(join(workspace, "Cargo.lock"), "utf8");
  return text
    .split("[[package]]")
    .filter((section) => section.includes("\nsource = "))
    .map((section) => [/^name = "(.+)"$/m.exec(section)[1], /^version = "(.+)"$/m.exec(section)[1]]);
}

/** The same with licences, from cargo. */
function crates() {
  const args = ["metadata", "--locked", "--format-version", "1"];
  const output = execFileSync("cargo", args, { cwd: workspace, encoding: "utf8", maxBuffer: 1 << 28 });
  return JSON.parse(output)
    .packages.filter(({ source }) => source !== null)
    .map(({ name, version, license, license_file: file }) => [name, version, license ?? (file && `see its ${file}`)]);
}

const byName = ([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1);

function section(title, packages) {
  const lines = packages
    .sort(byName)
    .map(([name, version, licence]) => `${name} ${version}: ${licence ?? "names none"}`);
  return `\n${title}\n\n${lines.join("\n")}\n`;
}

const titles = { npm: "npm packages", crates: "Crates" };

/** Names and versions in a part of NOTICE. */
function noticed(notice, title) {
  const [, part = ""] = notice.split(`\n${title}\n\n`);
  const lines = part.split("\n\n")[0].split("\n").filter(Boolean);
  return new Set(lines.map((line) => line.slice(0, line.indexOf(":", line.indexOf(" ")))));
}

/** What is wrong with NOTICE; nothing where it names exactly what the lock files name. */
export function checkNotice() {
  const notice = readFileSync(noticePath, "utf8");
  const problems = [];
  for (const [title, packages] of [
    [titles.npm, npmPackages()],
    [titles.crates, lockedCrates()],
  ]) {
    const [there, wanted] = [noticed(notice, title), new Set(packages.map(([name, version]) => `${name} ${version}`))];
    for (const name of wanted) if (!there.has(name)) problems.push(`lacks ${name}`);
    for (const name of there) if (!wanted.has(name)) problems.push(`names ${name}, which is used no more`);
  }
  return problems;
}

function main(args) {
  if (!args.includes("--check")) {
    writeFileSync(noticePath, `${head}${section(titles.npm, npmPackages())}${section(titles.crates, crates())}`);
    return;
  }
  const problems = checkNotice();
  if (problems.length === 0) return;
  process.stderr.write(`NOTICE ${problems.slice(0, 20).join("\nNOTICE ")}\nwrite it anew: node scripts/notice.mjs\n`);
  process.exitCode = 1;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
