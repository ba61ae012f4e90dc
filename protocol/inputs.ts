/**
 * A tenant's inputs at a height: everything applied to it, in order, then the ordered entries that
 * were not applied. A tenant executed again from these alone reaches the same roots.
 */
import { ByteListType, ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { concatBytes } from "./bytes.ts";
import { sha256 } from "./hash.ts";
import type { Root } from "./ids.ts";
import { limits } from "./limits.ts";
import { bytes32, sszObject, uint8 } from "./ssz.ts";

/** Wire numbers of what stands in the inputs. */
export const inputKinds = { write: 1, transaction: 2, leg: 3, omitted: 4, returned: 5 } as const;

export type Input = {
  /** Wire number from `inputKinds`. */
  kind: number;
  /** Bytes of the write, transaction or leg. */
  bytes: Uint8Array;
  /** Why an entry was not applied, a stable code in UTF-8; empty for what was applied. */
  reason: Uint8Array;
};

const maxInputs = 2 * limits.sliceEntries;
const maxReasonBytes = 64;

export const Inputs = sszObject<Input[]>(
  "Inputs",
  new ListCompositeType(
    new ContainerType({
      kind: uint8,
      bytes: new ByteListType(limits.inputBytes),
      reason: new ByteListType(maxReasonBytes),
    }),
    maxInputs,
  ),
);

const InputLeaves = sszObject<Root[]>("InputLeaves", new ListCompositeType(bytes32, maxInputs));

/** sha256 of `kind u8 ‖ reason length u8 ‖ reason ‖ bytes`. */
export const inputLeaf = (input: Input): Root =>
  sha256(concatBytes(Uint8Array.of(input.kind, input.reason.length), input.reason, input.bytes));

/** What a summary commits to: the SSZ root of the list of input leaves. */
export const inputsRoot = (inputs: readonly Input[]): Root => InputLeaves.root(inputs.map(inputLeaf));
