/** The gateway's accounts at genesis. `scripts/sbf.mjs` compiles its code. */
import { existsSync, readFileSync } from "node:fs";
import { LockstepError } from "../../../protocol/errors.ts";
import { rentExempt, rentExemption } from "../account.ts";
import { programs } from "../addresses.ts";
import type { KeyedAccount } from "../engine.ts";
import { gatewayProgram, gatewayState, stateBytes } from "./gateway.ts";

const file = "gateway.so";

/** It lies beside the source of this file, which `tsc` puts a folder further down, without it. */
const readCode = (): Uint8Array => {
  const candidates = [`./${file}`, `../../../../adapters/svm/contracts/${file}`];
  const found = candidates.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  if (found === undefined) throw new LockstepError("bad_config", `${file} was not found in adapters/svm/contracts`);
  return Uint8Array.from(readFileSync(found));
};

/** The program, of a loader that knows no upgrades, and its state. */
export const gatewayAccounts = (): KeyedAccount[] => {
  const code = readCode();
  const lamportsFor = (bytes: number): bigint => BigInt(rentExemption(bytes));
  return [
    {
      key: gatewayProgram,
      account: {
        ...{ lamports: lamportsFor(code.length), data: code, owner: programs.loaderV2 },
        ...{ executable: true, rentEpoch: rentExempt },
      },
    },
    {
      key: gatewayState,
      account: {
        ...{ lamports: lamportsFor(stateBytes), data: new Uint8Array(stateBytes), owner: gatewayProgram },
        ...{ executable: false, rentEpoch: rentExempt },
      },
    },
  ];
};
