/** The VMs by name. */
import { cairo } from "./cairo.ts";
import { evm } from "./evm.ts";
import { fuel } from "./fuel.ts";
import type { VmName, VmPart } from "./part.ts";
import { svm } from "./svm.ts";

export const vmParts: Readonly<Record<VmName, VmPart>> = { evm, svm, cairo, fuel };
