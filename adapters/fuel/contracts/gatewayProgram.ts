/**
 * The gateway of a Fuel tenant, which bundle is executed now and the messages between contracts within it, as a FuelVM
 * program. It is called as Sway contracts are (encoding version 1): the first parameter of a call points to the name of
 * the function, the second to its arguments.
 *
 *     requireBundle(id: b256)
 *     sendSync(destination: u32, recipient: b256, index: u32, body: Bytes)
 *     consume(origin: u32, sender: b256, index: u32) -> Bytes
 *     deposit(sponsor: b256)                                     with coins of the base asset
 *     withdraw(recipient: b256, sponsor: b256, nonce: u64, output: u64)     with a variable output at that position
 *
 * Slot 0 holds the current bundle. A delivered message of key k = sha256(origin ‖ sender ‖ recipient ‖ index) has the
 * number of its bytes and one in slot k, and its body in the slots behind. What a sponsor takes back of its deposits stands
 * in slot sha256(1 as u64 ‖ recipient ‖ sponsor ‖ nonce) until it is withdrawn. Only the sequencer writes these.
 */
import { fromHex, type Hex } from "../../../protocol/bytes.ts";
import { limits } from "../../../protocol/limits.ts";
import { assemble, fuel, label, reg, type Step } from "./assembler.ts";

/** What it reverts with. */
export const gatewayReverts = {
  NotInBundle: 1,
  OnlyContracts: 2,
  BodyTooLong: 3,
  NoMessage: 4,
  UnknownFunction: 5,
  WrongAsset: 6,
  NotReleased: 7,
} as const;

/** `ra` of its log receipts. */
export const gatewayLogs = { sent: 1, consumed: 2, deposited: 3 } as const;

const { zero, one, fp, hp, bal } = reg;
const [name, args, length, t, c, set, caller, p, q, key, buffer, count, out] = Array.from(
  { length: 13 },
  (_, i) => 16 + i,
) as [number, number, number, number, number, number, number, number, number, number, number, number, number];

/** Words of a call frame (https://docs.fuel.network/docs/specs/fuel-vm/#call-frames): the registers begin at word 8. */
const frame = { asset: 32, callersFrame: 8 + fp, nameWord: 73, argsWord: 74 } as const;

const revert = (reason: number): Step[] => [fuel.movi(t, reason), fuel.rvrt(t)];

/** `set` says whether slot 0 is; its value is 32 bytes behind `hp`. */
const readBundle: Step[] = [fuel.movi(t, 64), fuel.aloc(t), fuel.addi(p, hp, 32), fuel.srwq(p, set, hp, one)];

/** The caller's call frame begins with its id; a script has none. */
const onlyContracts = (function_: string): Step[] => [
  fuel.lw(caller, fp, frame.callersFrame),
  fuel.jumpIf(caller, `${function_} by a contract`),
  ...revert(gatewayReverts.OnlyContracts),
  label(`${function_} by a contract`),
];

/** To a function whose name begins so and is so long: no two have that in common. */
const on = (function_: string): Step[] => [
  fuel.movi(t, function_.charCodeAt(0)),
  fuel.eq(c, p, t),
  fuel.movi(t, function_.length),
  fuel.eq(q, length, t),
  fuel.and(c, c, q),
  fuel.jumpIf(c, function_),
];

const dispatch: Step[] = [
  fuel.lw(name, fp, frame.nameWord),
  fuel.lw(args, fp, frame.argsWord),
  fuel.lw(length, name, 0),
  fuel.lb(p, name, 8),
  ...["requireBundle", "sendSync", "consume", "deposit", "withdraw"].flatMap(on),
  ...revert(gatewayReverts.UnknownFunction),
];

const requireBundle: Step[] = [
  label("requireBundle"),
  ...readBundle,
  fuel.movi(t, 32),
  fuel.meq(c, p, args, t),
  fuel.and(c, c, set),
  fuel.jumpIf(c, "it is this bundle"),
  ...revert(gatewayReverts.NotInBundle),
  label("it is this bundle"),
  fuel.ret(zero),
];

/** Logs `sender ‖ destination ‖ recipient ‖ index ‖ length u64 ‖ body`. */
const sendSync: Step[] = [
  label("sendSync"),
  ...onlyContracts("sendSync"),
  ...readBundle,
  fuel.jumpIf(set, "within a bundle"),
  ...revert(gatewayReverts.NotInBundle),
  label("within a bundle"),
  fuel.lw(length, args, 5),
  fuel.movi(t, limits.syncBodyBytes + 1),
  fuel.gt(c, t, length),
  fuel.jumpIf(c, "short enough"),
  ...revert(gatewayReverts.BodyTooLong),
  label("short enough"),
  fuel.addi(length, length, 48),
  fuel.addi(count, length, 32),
  fuel.aloc(count),
  fuel.mcpi(hp, caller, 32),
  fuel.addi(p, hp, 32),
  fuel.mcp(p, args, length),
  fuel.movi(t, gatewayLogs.sent),
  fuel.logd(t, zero, hp, count),
  fuel.ret(zero),
];

/** Logs `origin ‖ sender ‖ recipient ‖ index`, clears the message's slots, and returns `length u64 ‖ body`. */
const consume: Step[] = [
  label("consume"),
  ...onlyContracts("consume"),
  fuel.movi(t, 72 + 32 + 32),
  fuel.aloc(t),
  fuel.move(buffer, hp),
  fuel.mcpi(buffer, args, 36),
  fuel.addi(p, buffer, 36),
  fuel.mcpi(p, caller, 32),
  fuel.addi(p, buffer, 68),
  fuel.addi(q, args, 36),
  fuel.mcpi(p, q, 4),
  fuel.addi(key, buffer, 72),
  fuel.movi(t, 72),
  fuel.s256(key, buffer, t),
  fuel.addi(p, buffer, 104),
  fuel.srwq(p, set, key, one),
  fuel.jumpIf(set, "there is a message"),
  ...revert(gatewayReverts.NoMessage),
  label("there is a message"),
  fuel.lw(length, p, 3),
  fuel.subi(length, length, 1),
  fuel.addi(count, length, 31),
  fuel.srli(count, count, 5),
  fuel.addi(count, count, 1),
  fuel.slli(t, count, 5),
  fuel.aloc(t),
  fuel.srwq(hp, set, key, count),
  fuel.scwq(key, set, count),
  fuel.addi(out, hp, 24),
  fuel.sw(out, length, 0),
  fuel.movi(t, gatewayLogs.consumed),
  fuel.movi(c, 72),
  fuel.logd(t, zero, buffer, c),
  fuel.addi(length, length, 8),
  fuel.retd(out, length),
];

/** Pays what was released, once. */
const withdraw: Step[] = [
  label("withdraw"),
  fuel.movi(t, 80 + 32 + 32),
  fuel.aloc(t),
  fuel.move(buffer, hp),
  fuel.sw(buffer, one, 0),
  fuel.addi(p, buffer, 8),
  fuel.mcpi(p, args, 72),
  fuel.addi(key, buffer, 80),
  fuel.movi(t, 80),
  fuel.s256(key, buffer, t),
  fuel.addi(p, buffer, 112),
  fuel.srwq(p, set, key, one),
  fuel.jumpIf(set, "something was released"),
  ...revert(gatewayReverts.NotReleased),
  label("something was released"),
  fuel.scwq(key, set, one),
  fuel.lw(length, p, 3),
  fuel.lw(c, args, 9),
  fuel.addressOf(q, "base asset"),
  fuel.tro(args, c, length, q),
  fuel.ret(zero),
];

/** Logs `sponsor ‖ amount u64`. */
const deposit = (baseAssetId: Hex): Step[] => [
  label("deposit"),
  fuel.addressOf(p, "base asset"),
  fuel.addi(q, fp, frame.asset),
  fuel.movi(t, 32),
  fuel.meq(c, p, q, t),
  fuel.jumpIf(c, "in base asset"),
  ...revert(gatewayReverts.WrongAsset),
  label("in base asset"),
  fuel.movi(t, 40),
  fuel.aloc(t),
  fuel.mcpi(hp, args, 32),
  fuel.sw(hp, bal, 4),
  fuel.movi(c, gatewayLogs.deposited),
  fuel.logd(c, zero, hp, t),
  fuel.ret(zero),
  label("base asset", fromHex(baseAssetId) ?? new Uint8Array(32)),
];

/** Its code at a tenant with this base asset. */
export const gatewayCode = (baseAssetId: Hex): Uint8Array =>
  assemble([...dispatch, ...requireBundle, ...sendSync, ...consume, ...withdraw, ...deposit(baseAssetId)]);
