/** Values of flags that several commands have. */
import { InvalidArgumentError } from "commander";

export const integerBetween =
  (least: number, most: number, alsoZero = false) =>
  (text: string): number => {
    const value = /^\d{1,13}$/.test(text) ? Number(text) : Number.NaN;
    if ((value >= least && value <= most) || (alsoZero && value === 0)) return value;
    throw new InvalidArgumentError(`Expected ${alsoZero ? "0 or " : ""}an integer from ${least} to ${most}.`);
  };
