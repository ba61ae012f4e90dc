/** The part of an executor whose VM takes no part in bundles: nobody orders legs for it. */
import { LockstepError } from "../protocol/errors.ts";
import type { Executor } from "./adapter.ts";

const refuse = async (): Promise<never> => {
  throw new LockstepError("bad_input", "no transaction of this tenant can be a leg of a bundle");
};

export const noLegs: Pick<Executor, "inspectLegs" | "leg" | "explain"> = {
  inspectLegs: refuse,
  leg: refuse,
  explain: refuse,
};
