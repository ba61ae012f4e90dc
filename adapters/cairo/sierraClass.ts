/** Sierra classes: their JSON as Starknet's RPC has it, and their part in the encoding of a DECLARE. */
import * as z from "zod";
import type { Hex } from "../../protocol/bytes.ts";
import type { Reader, Writer } from "./binary.ts";
import { feltSchema, prime } from "./felt.ts";
import { encodingLimits } from "./limits.ts";

const entryPoints = z.array(z.strictObject({ selector: feltSchema, function_idx: z.int().nonnegative() }));

export const SierraClass = z.object({
  sierra_program: z.array(feltSchema),
  contract_class_version: z.string(),
  entry_points_by_type: z.strictObject({
    CONSTRUCTOR: entryPoints,
    EXTERNAL: entryPoints,
    L1_HANDLER: entryPoints,
  }),
  /** The exact text: the class hash covers it. */
  abi: z.string().default(""),
});
export type SierraClass = z.infer<typeof SierraClass>;

type EntryPoint = { selector: Hex; function_idx: number };

const indexBound = 2n ** 53n;

export const writeClass = (writer: Writer, sierra: SierraClass): void => {
  const entryPoint = ({ selector, function_idx }: EntryPoint): void => {
    writer.number(selector).number(function_idx);
  };
  const { CONSTRUCTOR, EXTERNAL, L1_HANDLER } = sierra.entry_points_by_type;
  writer
    .list(sierra.sierra_program, writer.number)
    .text(sierra.contract_class_version)
    .list(CONSTRUCTOR, entryPoint)
    .list(EXTERNAL, entryPoint)
    .list(L1_HANDLER, entryPoint)
    .text(sierra.abi);
};

export const readClass = (reader: Reader): SierraClass => {
  const entryPoint = (): EntryPoint => ({
    selector: reader.felt(prime, "a selector"),
    function_idx: Number(reader.number(indexBound, "a function's index")),
  });
  return {
    sierra_program: reader.list(() => reader.felt(prime, "an element of the program"), encodingLimits.program),
    contract_class_version: reader.text(),
    entry_points_by_type: {
      CONSTRUCTOR: reader.list(entryPoint),
      EXTERNAL: reader.list(entryPoint),
      L1_HANDLER: reader.list(entryPoint),
    },
    abi: reader.text(),
  };
};
