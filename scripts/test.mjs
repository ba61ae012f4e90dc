// What `npm test` runs: builds what the tests need, checks the sources, runs every test. The last line counts.
//
//   node scripts/test.mjs [arguments of vitest]

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "./compile.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const tool = (name) => join(root, "node_modules", ".bin", name);
const slowestShown = 10;

const run = (title, command, args) => {
  console.log(`\n# ${title}`);
  return spawnSync(command, args, { cwd: root, stdio: "inherit" }).status === 0;
};

const builds = () => compile() && run("engines", process.execPath, [join(root, "scripts", "engines.mjs")]);

const checks = [
  ["lint", () => run("lint", tool("biome"), ["check", "."])],
  ["types", () => run("types", tool("tsc"), ["--noEmit"])],
];

const milliseconds = ({ startTime, endTime }) => Math.round(endTime - startTime);

const printSlowest = (files) => {
  console.log("\nslowest files");
  for (const file of files.toSorted((a, b) => milliseconds(b) - milliseconds(a)).slice(0, slowestShown)) {
    console.log(`${String(milliseconds(file)).padStart(8)} ms  ${relative(root, file.name)}`);
  }
};

/** A file that fails before its first test counts as one failure; so does an error outside all tests. */
const countTests = (args) => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-test-"));
  const report = join(folder, "report.json");
  try {
    const succeeded = run("tests", tool("vitest"), [
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...args,
    ]);
    if (!existsSync(report)) return { passed: 0, failed: 1 };
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
    printSlowest(testResults);
    const broken = testResults.filter(({ status, assertionResults }) => {
      return status === "failed" && !assertionResults.some((test) => test.status === "failed");
    }).length;
    const failed = numFailedTests + broken;
    return { passed: numPassedTests, failed: failed === 0 && !succeeded ? 1 : failed };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const finish = (passed, failed) => {
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
};

if (!builds()) {
  finish(0, 1);
} else {
  const failedChecks = checks.filter(([, check]) => !check()).map(([name]) => name);
  const tests = countTests(process.argv.slice(2));
  if (failedChecks.length > 0) console.log(`\nnot clean: ${failedChecks.join(", ")}`);
  finish(checks.length - failedChecks.length + tests.passed, failedChecks.length + tests.failed);
}
