/** What gas costs. */
import { feltOf } from "./felt.ts";
import type { GasPrices } from "./reads.ts";

/** Fri of a unit of L1 gas, L1 data gas and L2 gas alike: 1 gFRI. Nothing is posted on L1, so none of it follows L1. */
export const gasPrice = 1_000_000_000n;

export const gasPrices: GasPrices = {
  l1_gas: feltOf(gasPrice),
  l1_data_gas: feltOf(gasPrice),
  l2_gas: feltOf(gasPrice),
};
