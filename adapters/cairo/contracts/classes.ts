/**
 * The contracts that a Cairo tenant starts with. Sources stand beside this file; `scripts/cairo.mjs` compiles them to the
 * Sierra classes, which are committed.
 */
import { existsSync, readFileSync } from "node:fs";
import type { Hex } from "../../../protocol/bytes.ts";
import { LockstepError } from "../../../protocol/errors.ts";
import { SierraClass } from "../sierraClass.ts";
import { classHashOf } from "./classHash.ts";

/**
 * `account`: SNIP-6, one Stark key. `erc20`: the fee token, and a constructor for others. `deployer`: called and heard as
 * OpenZeppelin's universal deployer. `gateway`: Lockstep's own, the same at every tenant.
 */
export type ContractName = "account" | "erc20" | "deployer" | "gateway";

export type Contract = { class: SierraClass; classHash: Hex };

/** Classes lie beside the source of this file, which `tsc` puts a folder further down, without them. */
const textOf = (name: ContractName): string => {
  const file = `${name}.sierra.json`;
  const candidates = [`./${file}`, `../../../../adapters/cairo/contracts/${file}`];
  const found = candidates.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  if (found === undefined) throw new LockstepError("bad_config", `${file} was not found in adapters/cairo/contracts`);
  return readFileSync(found, "utf8");
};

const read = new Map<ContractName, Contract>();

/** One of our contracts, read and hashed once for a process. */
export const contract = (name: ContractName): Contract => {
  const known = read.get(name);
  if (known !== undefined) return known;
  const sierra = SierraClass.parse(JSON.parse(textOf(name)));
  const fresh = { class: sierra, classHash: classHashOf(sierra) };
  read.set(name, fresh);
  return fresh;
};
