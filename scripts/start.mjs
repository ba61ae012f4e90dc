// What `npm start` runs: compiles, then hands over to `lockstep devnet`, which builds the engines it needs.
//
//   node scripts/start.mjs [arguments of `lockstep devnet`]

import { compile } from "./compile.mjs";

if (compile()) {
  process.argv.splice(2, 0, "devnet");
  await import("../bin/lockstep.js");
} else {
  process.exitCode = 1;
}
