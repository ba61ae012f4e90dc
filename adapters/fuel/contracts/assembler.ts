/** A small assembler for the FuelVM: https://docs.fuel.network/docs/specs/fuel-vm/instruction-set */
import { concatBytes } from "../../../protocol/bytes.ts";
import { LockstepError } from "../../../protocol/errors.ts";

/** Registers that the VM gives a meaning; from 16 on they are a program's own. */
export const reg = { zero: 0, one: 1, pc: 3, fp: 6, hp: 7, cgas: 10, bal: 11 } as const;

/** An instruction, or one that depends on its distance to a label, in instructions; or a label, with bytes or without. */
export type Step =
  | { word: number }
  | { to: string; word(distance: number): number }
  | { label: string; bytes?: Uint8Array };

/** Operands of six bits from the left; `immediate` fills the bits that are left. */
const word = (opcode: number, operands: readonly number[], immediate = 0): number =>
  opcode * 2 ** 24 + operands.reduce((sum, operand, i) => sum + operand * 2 ** (18 - 6 * i), immediate);

const op =
  (opcode: number) =>
  (...operands: number[]): Step => ({ word: word(opcode, operands) });

/** The last operand is an immediate. */
const immediate =
  (opcode: number) =>
  (...operands: number[]): Step => ({ word: word(opcode, operands.slice(0, -1), operands.at(-1)) });

export const fuel = {
  and: op(0x11),
  eq: op(0x13),
  gt: op(0x15),
  move: op(0x1a),
  ret: op(0x24),
  retd: op(0x25),
  aloc: op(0x26),
  call: op(0x2d),
  mcp: op(0x28),
  meq: op(0x29),
  logd: op(0x34),
  rvrt: op(0x36),
  scwq: op(0x37),
  srwq: op(0x39),
  tro: op(0x3d),
  s256: op(0x42),
  addi: immediate(0x50),
  slli: immediate(0x57),
  srli: immediate(0x58),
  subi: immediate(0x59),
  lb: immediate(0x5c),
  /** Offsets of `lw` and `sw` are in words of eight bytes. */
  lw: immediate(0x5d),
  sw: immediate(0x5f),
  mcpi: immediate(0x60),
  gtf: immediate(0x61),
  movi: immediate(0x72),
  /** Goes forward to a label unless the register is zero. */
  jumpIf: (condition: number, label: string): Step => ({
    to: label,
    word: (distance) => word(0x76, [condition, reg.zero], distance - 1),
  }),
  /** The address of a label. */
  addressOf: (register: number, label: string): Step => ({
    to: label,
    word: (distance) => word(0x50, [register, reg.pc], 4 * distance),
  }),
};

export const label = (name: string, bytes?: Uint8Array): Step =>
  bytes === undefined ? { label: name } : { label: name, bytes };

const sizeOf = (step: Step): number => ("label" in step ? (step.bytes?.length ?? 0) : 4);

/** @throws LockstepError `bad_input` on a label that is unknown or behind */
export const assemble = (steps: readonly Step[]): Uint8Array => {
  const labels = new Map<string, number>();
  let end = 0;
  for (const step of steps) {
    if ("label" in step) labels.set(step.label, end);
    end += sizeOf(step);
  }
  let here = 0;
  return concatBytes(
    ...steps.map((step) => {
      const from = here;
      here += sizeOf(step);
      if ("label" in step) return step.bytes ?? new Uint8Array();
      let value: number;
      if ("to" in step) {
        const target = labels.get(step.to);
        if (target === undefined || target <= from) throw new LockstepError("bad_input", `no label ${step.to} ahead`);
        value = step.word((target - from) / 4);
      } else value = step.word;
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, value);
      return bytes;
    }),
  );
};
