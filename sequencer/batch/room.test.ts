import { describe, expect, it } from "vitest";
import { usualBudgets } from "../../protocol/budget.ts";
import { controlDomain } from "../../protocol/control.ts";
import { Genesis } from "../../protocol/genesis.ts";
import { asDomain, asPublicKey, asSignature, type Domain, zeroRoot } from "../../protocol/ids.ts";
import { controlTransactionBytes, limits, transactionLimits } from "../../protocol/limits.ts";
import { registrationOf } from "../../test/fixtures/registration.ts";
import { type Loads, legAllowance } from "../control/capacity.ts";
import { genesisState } from "../control/state.ts";
import { roomFor } from "./room.ts";

const keys = [1, 2, 3, 4].map((byte) => asPublicKey(new Uint8Array(48).fill(byte)));
const [evm, cairo] = [asDomain(31337), asDomain(9004)];
const genesis: Genesis = {
  salt: zeroRoot,
  timestampMs: 1_000,
  epochLength: 20,
  validators: keys.map((publicKey) => ({ publicKey, weight: 1, possession: asSignature(new Uint8Array(96)) })),
  deposits: [],
  tenants: [registrationOf(cairo, "cairo"), registrationOf(evm, "evm")],
};
const state = genesisState(genesis, Genesis.root(genesis));

const load = (domain: Domain, gas: number): Loads =>
  new Map([[domain, { transactions: 1, gas, bytes: 1_000, largest: gas, legGas: 0 }]]);
/** Of the validator in a seat, at a height at which the first has its turn. */
const room = (seat: number, domain: Domain, own: Loads = new Map(), others: Loads[] = []) =>
  roomFor({ state, height: 0, nowMs: 1_000, self: keys[seat] as (typeof keys)[number], own, others })(domain);

describe("the room of a producer", () => {
  it("is a share, and for one at a time a reserve for the largest transaction besides", () => {
    const { gas } = usualBudgets.evm;
    const share = (gas.burst - gas.largest) / 4;
    expect([0, 1, 2, 3].map((seat) => room(seat, evm).gas)).toEqual([share + gas.largest, share, share, share]);
    expect(room(1, evm, load(evm, share)).gas).toBe(0);
  });

  it("is something for everybody also where the largest transaction takes the whole burst", () => {
    const { gas } = usualBudgets.cairo;
    expect(gas.largest).toBe(gas.burst);
    expect(room(1, cairo).gas).toBe(gas.burst / 8);
    expect(room(1, cairo).bytes).toBeGreaterThan(300_000);
  });

  it("is everything for whose turn it is while nothing else is on its way, where no less is enough", () => {
    expect(room(0, cairo)).toEqual({
      gas: usualBudgets.cairo.gas.largest,
      bytes: usualBudgets.cairo.bytes.burst,
      legGas: legAllowance(usualBudgets.cairo),
    });
    expect(room(0, cairo).bytes).toBeGreaterThan(transactionLimits.cairo);
    const busy = room(0, cairo, new Map(), [load(cairo, 1)]);
    expect(busy.gas).toBe((usualBudgets.cairo.gas.burst * 5) / 8);
  });

  it("takes a control transaction of some signatures at once, and the largest in turn", () => {
    for (const seat of [1, 2, 3]) expect(room(seat, controlDomain).gas).toBeGreaterThanOrEqual(limits.validators / 4);
    expect(room(1, controlDomain).bytes).toBeGreaterThan(90_000);
    expect(room(0, controlDomain).gas).toBeGreaterThanOrEqual(limits.validators);
    expect(room(0, controlDomain).bytes).toBeGreaterThanOrEqual(controlTransactionBytes);
  });
});
