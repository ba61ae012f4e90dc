// Builds the Rust engines of adapters/engines into the user's cache, one crate at a time.
//
//   node scripts/engines.mjs [--json] [name...]     builds those that are missing; without names, all
//
// With --json it prints a line for every step of its progress, and for the problem that it ended with.
//
// An artefact's name carries a hash of everything it is built from, so checkouts share the cache and none gets a
// stale engine.

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { copyFile, mkdir, rename } from "node:fs/promises";
import { availableParallelism, homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";

const workspace = fileURLToPath(new URL("../adapters/engines", import.meta.url));

/** A build that can't be done, with a message for people. */
export class EngineError extends Error {}

/** The names of all engines: the crates of the workspace that build an addon. */
export function engineNames() {
  return readdirSync(workspace)
    .filter((name) => {
      const manifest = join(workspace, name, "Cargo.toml");
      return existsSync(manifest) && readFileSync(manifest, "utf8").includes("cdylib");
    })
    .sort();
}

/** Where the engine for the present sources and compiler lies, or null when it isn't built. */
export function enginePath(name) {
  if (rustVersion() === null) return null;
  const path = artefact(name);
  return existsSync(path) ? path : null;
}

/** How many crates an engine is made of, on all platforms together, as Cargo.lock names them. */
export function crateCount(name) {
  const dependencies = new Map();
  for (const section of readFileSync(join(workspace, "Cargo.lock"), "utf8").split("[[package]]").slice(1)) {
    const [crate] = section.match(/(?<=^name = ")[^"]+/m) ?? [];
    const list = /^dependencies = \[([^\]]*)\]/m.exec(section)?.[1] ?? "";
    const named = [...list.matchAll(/"([^ "]+)/g)].map(([, dependency]) => dependency);
    dependencies.set(crate, [...(dependencies.get(crate) ?? []), ...named]);
  }
  const found = new Set([`lockstep-${name}`]);
  for (const crate of found) for (const each of dependencies.get(crate) ?? []) found.add(each);
  return found.size;
}

/**
 * Builds an engine unless it is built, and gives its path. `onProgress` gets `{name, done, total, seconds}` for every
 * crate compiled, `seconds` being an estimate of the whole, or `{name, waitingFor}` while another process builds.
 */
export async function ensureEngine(name, { onProgress = () => {} } = {}) {
  if (rustVersion() === null) throw missing("rustc", rustInstall());
  let path = artefact(name);
  if (existsSync(path)) return path;
  checkTools(name);
  await mkdir(dirname(path), { recursive: true });
  const waiting = (pid) => onProgress({ name, waitingFor: pid });
  return withLock(join(cacheDirectory(), "build.lock"), waiting, async () => {
    while (!existsSync(path)) {
      const library = await build(name, onProgress);
      // Copied under another name first: whoever finds the final name finds a whole file.
      const partial = `${path}.${process.pid}`;
      await copyFile(library, partial);
      const after = artefact(name);
      // Sources that changed meanwhile make it the engine of neither: build again.
      if (after === path) await rename(partial, path);
      path = after;
    }
    return path;
  });
}

function cacheDirectory() {
  const { LOCKSTEP_CACHE, XDG_CACHE_HOME } = process.env;
  return resolve(LOCKSTEP_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "lockstep"));
}

function artefact(name) {
  return join(cacheDirectory(), "engines", `${name}-${sourcesHash(name)}.node`);
}

function sourcesHash(name) {
  const hash = createHash("sha256");
  const roots = [join(workspace, "Cargo.toml"), join(workspace, "Cargo.lock"), ...localCrates(join(workspace, name))];
  for (const file of [...new Set(roots.flatMap(sourceFiles))].sort()) {
    const content = readFileSync(file);
    hash.update(`${relative(workspace, file)}\0${content.length}\0`).update(content);
  }
  return hash.update(rustVersion()).digest("hex").slice(0, 32);
}

/** A crate with the local crates it depends on. */
function ownCrates(crate, found = new Set()) {
  if (found.has(crate)) return found;
  if (!existsSync(join(crate, "Cargo.toml"))) throw new EngineError(`There is no engine crate in ${crate}.`);
  found.add(crate);
  for (const path of cratePaths(crate)) ownCrates(path, found);
  return found;
}

/** The same, and the crates that the workspace patches in. */
function localCrates(crate) {
  const found = ownCrates(crate);
  for (const path of cratePaths(workspace)) ownCrates(path, found);
  return found;
}

/** Paths that a manifest names. */
function cratePaths(directory) {
  const manifest = readFileSync(join(directory, "Cargo.toml"), "utf8");
  const paths = [...manifest.matchAll(/\bpath\s*=\s*"([^"]+)"/g)].map(([, path]) => path);
  return paths.filter((path) => !path.endsWith(".rs")).map((path) => resolve(directory, path));
}

function sourceFiles(path) {
  if (statSync(path).isFile()) return [path];
  const own = ["Cargo.toml", "build.rs", "src"].map((name) => join(path, name)).filter(existsSync);
  const inside = (entry) =>
    statSync(entry).isFile() ? [entry] : readdirSync(entry).flatMap((n) => inside(join(entry, n)));
  return own.flatMap(inside);
}

let rustVersionRead;
function rustVersion() {
  rustVersionRead ??= output("rustc", ["-vV"]);
  return rustVersionRead;
}

function rustInstall() {
  return `install Rust ${minimumRust()} or newer from https://rustup.rs`;
}

/** The highest `rust-version` that the engines declare. */
function minimumRust() {
  const versions = engineNames().map((name) => {
    const manifest = readFileSync(join(workspace, name, "Cargo.toml"), "utf8");
    return /^rust-version\s*=\s*"([^"]+)"/m.exec(manifest)?.[1] ?? "1.85";
  });
  return versions.sort(compareVersions).at(-1);
}

function compareVersions(a, b) {
  const [x, y] = [a, b].map((version) => version.split(".").map(Number));
  return x[0] - y[0] || x[1] - y[1] || (x[2] ?? 0) - (y[2] ?? 0);
}

function checkTools(name) {
  const release = /^release: (\d+\.\d+\.\d+)/m.exec(rustVersion())?.[1] ?? "0.0.0";
  if (compareVersions(release, minimumRust()) < 0) {
    throw new EngineError(`Rust ${release} is too old for the engine ${name}: ${rustInstall()}.`);
  }
  if (output("cargo", ["--version"]) === null) throw missing("cargo", rustInstall());
  if (process.platform !== "win32" && output(process.env.CC || "cc", ["--version"]) === null) {
    const how = process.platform === "darwin" ? "xcode-select --install" : "apt-get install build-essential";
    throw missing("a C compiler", `for example: ${how}`);
  }
}

function missing(tool, how) {
  return new EngineError(`The engines are built from source, and ${tool} was not found: ${how}.`);
}

function output(command, args) {
  try {
    const stdio = ["ignore", "pipe", "ignore"];
    return execFileSync(command, args, { cwd: workspace, encoding: "utf8", stdio, maxBuffer: 1 << 26 });
  } catch {
    return null;
  }
}

/** Compiles a crate and gives the path of its dynamic library. */
function build(name, onProgress) {
  const crate = `lockstep-${name}`;
  const treeArgs = "tree --locked -e normal,build --prefix none -f {p} -p".split(" ");
  const tree = output("cargo", [...treeArgs, crate]);
  const packages = new Set(
    tree
      ?.split("\n")
      .map((line) => line.replace(/ \(.*/, "").trim())
      .filter(Boolean),
  );
  const total = Math.max(packages.size, 1);
  // Half a second a crate on two cores, by experience with these engines; more cores than four hardly help.
  const seconds = Math.round(total / Math.min(availableParallelism(), 4));
  const args = ["build", "--release", "--locked", "-p", crate, "--message-format=json-render-diagnostics"];
  const nice = output("nice", ["-n", "10", "true"]) === null ? ["cargo"] : ["nice", "-n", "10", "cargo"];
  // Checkouts share the target folder, where cargo takes a later build of another one's sources for one of these.
  const now = new Date();
  for (const own of ownCrates(join(workspace, name))) utimesSync(join(own, "src", "lib.rs"), now, now);

  return new Promise((resolveBuild, reject) => {
    const child = spawn(nice[0], [...nice.slice(1), ...args], {
      cwd: workspace,
      env: { ...process.env, CARGO_TARGET_DIR: join(cacheDirectory(), "target") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const tail = [];
    let library;
    const done = new Set();
    onProgress({ name, done: 0, total, seconds });
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      const message = JSON.parse(line);
      if (message.reason !== "compiler-artifact" || message.target.kind.includes("custom-build")) return;
      if (message.target.kind.includes("cdylib"))
        library = message.filenames.find((file) => /\.(so|dylib|dll)$/.test(file));
      done.add(message.package_id);
      onProgress({ name, done: Math.min(done.size, total), total, seconds });
    });
    createInterface({ input: child.stderr }).on("line", (line) => {
      tail.push(line);
      if (tail.length > 40) tail.shift();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0 && library) resolveBuild(library);
      else
        reject(new EngineError(`${tail.join("\n")}\n\ncargo could not build the engine ${name} (exit code ${code}).`));
    });
  });
}

/** Shows progress: one line that changes, or, where lines can't change, a line now and then. */
function progressPrinter() {
  const { stdout } = process;
  let shown = 0;
  return ({ name, done, total, seconds, waitingFor }) => {
    if (!stdout.isTTY && Date.now() - shown < 15_000) return;
    shown = Date.now();
    const minutes = Math.max(1, Math.round(seconds / 60));
    const text = waitingFor
      ? `Engine ${name}: another process (${waitingFor}) is building`
      : `Engine ${name}: ${done} of ${total} crates compiled (the first build takes about ${minutes} minute${minutes > 1 ? "s" : ""})`;
    stdout.write(stdout.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  };
}

const textPrinter = () => ({
  progress: progressPrinter(),
  built: (name, path) => process.stdout.write(`${process.stdout.isTTY ? "\r\x1b[K" : ""}Engine ${name}: ${path}\n`),
  problem: (message) => process.stderr.write(`${process.stdout.isTTY ? "\n" : ""}${message}\n`),
});

const jsonPrinter = () => {
  const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
  return {
    progress: print,
    built: (name, path) => print({ name, path }),
    problem: (message) => print({ problem: message }),
  };
};

async function main(args) {
  const names = args.filter((arg) => arg !== "--json");
  const printer = names.length < args.length ? jsonPrinter() : textPrinter();
  try {
    for (const name of names.length ? names : engineNames()) {
      printer.built(name, await ensureEngine(name, { onProgress: printer.progress }));
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    printer.problem(error.message);
    process.exitCode = 1;
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
