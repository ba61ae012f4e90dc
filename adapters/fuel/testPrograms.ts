/** Programs for tests, in FuelVM's instruction set (https://docs.fuel.network/docs/specs/fuel-vm/instruction-set). */
import type { Hex } from "../../protocol/bytes.ts";

export const registers = { zero: 0, one: 1, sp: 5, hp: 7, cgas: 10, is: 12 } as const;
const { zero, one, hp, cgas } = registers;
/** Free for programs. */
const [r16, r17, r18] = [16, 17, 18];

/** Operands of six bits from the left; `low` is an immediate. */
const op = (opcode: number, operands: readonly number[] = [], low = 0): string => {
  const rest = operands.reduce((sum, operand, i) => sum + operand * 2 ** (18 - 6 * i), low);
  return opcode.toString(16).padStart(2, "0") + rest.toString(16).padStart(6, "0");
};

export const asm = {
  ret: (value: number) => op(0x24, [value]),
  retd: (pointer: number, length: number) => op(0x25, [pointer, length]),
  aloc: (bytes: number) => op(0x26, [bytes]),
  call: (target: number, coins: number, asset: number, gas: number) => op(0x2d, [target, coins, asset, gas]),
  log: (a: number, b: number, c: number, d: number) => op(0x33, [a, b, c, d]),
  logd: (a: number, b: number, pointer: number, length: number) => op(0x34, [a, b, pointer, length]),
  rvrt: (value: number) => op(0x36, [value]),
  srw: (to: number, status: number, key: number) => op(0x38, [to, status, key, 0]),
  sww: (key: number, status: number, value: number) => op(0x3a, [key, status, value]),
  addi: (to: number, from: number, value: number) => op(0x50, [to, from], value),
  gtf: (to: number, from: number, selector: number) => op(0x61, [to, from], selector),
  movi: (to: number, value: number) => op(0x72, [to], value),
  slli: (to: number, from: number, bits: number) => op(0x57, [to, from], bits),
  ji: (target: number) => op(0x90, [], target),
};

export const assemble = (...instructions: readonly string[]): Hex => `0x${instructions.join("")}`;

/** Selector of `gtf`: where the script's data lies. */
const scriptDataSelector = 0x00a;

export const programs = {
  returnOne: assemble(asm.ret(one)),
  revert: assemble(asm.rvrt(one)),
  endless: assemble(asm.ji(0)),
  /** Takes more memory than there is. */
  hoarder: assemble(asm.movi(r16, 0x3ffff), asm.slli(r16, r16, 8), asm.aloc(r16), asm.ret(one)),
  /** Logs its own data, which is `length` bytes long. */
  logger: (length: number) =>
    assemble(
      asm.gtf(r16, zero, scriptDataSelector),
      asm.movi(r17, length),
      asm.logd(zero, zero, r16, r17),
      asm.ret(one),
    ),
  /** Calls the contract that its data name, with no coins and all gas. Data: `callData`. */
  caller: assemble(
    asm.gtf(r16, zero, scriptDataSelector),
    asm.addi(r17, r16, 48),
    asm.call(r16, zero, r17, cgas),
    asm.ret(one),
  ),
  /** A contract that counts its calls in slot 0 and gives how many there were. */
  counter: assemble(
    asm.movi(r16, 32),
    asm.aloc(r16),
    asm.srw(r17, r18, hp),
    asm.addi(r17, r17, 1),
    asm.sww(hp, r18, r17),
    asm.ret(r17),
  ),
  /** A contract that calls itself, its id being in slot 0 of its own call frame, until the gas is used up. */
  recursive: assemble(
    asm.movi(r16, 80),
    asm.aloc(r16),
    op(0x60, [hp, 6], 32),
    asm.addi(r17, hp, 48),
    asm.call(hp, zero, r17, cgas),
    asm.ret(one),
  ),
};

/** Data of the `caller`: contract, two parameters, asset. */
export const callData = (contractId: Hex): Hex => `${contractId}${"0".repeat(32 + 64)}`;
