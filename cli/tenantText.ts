/** Tenants in words, for a person. */
import { toHex } from "../protocol/bytes.ts";
import type { TenantDetail } from "../sequencer/service.ts";

const number = (value: number): string => value.toLocaleString("en-US");

const table = (rows: readonly (readonly string[])[]): string => {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, cell.length)), []);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
};

const statusOf = ({ status, ready }: TenantDetail): string =>
  ready === undefined ? status : `${status}, ${ready} ready`;

export const listText = (tenants: readonly TenantDetail[]): string =>
  table([
    ["domain", "name", "vm", "status", "since", "gas left", "rpc"],
    ...tenants.map((tenant) => [
      String(tenant.domain),
      tenant.name,
      tenant.vm,
      statusOf(tenant),
      String(tenant.activatedAt ?? "-"),
      `${Math.floor((100 * tenant.capacity.gas) / tenant.budget.gas.burst)}%`,
      tenant.rpc ?? "-",
    ]),
  ]);

export const detailText = (tenant: TenantDetail): string => {
  const { gas, bytes } = tenant.budget;
  return table([
    ["domain", String(tenant.domain)],
    ["name", tenant.name],
    ["vm", tenant.vm],
    ["status", statusOf(tenant)],
    ...(tenant.activatedAt === undefined ? [] : [["block 0 at height", String(tenant.activatedAt)]]),
    ["owner", toHex(tenant.owner)],
    ["writers", tenant.writers.length === 0 ? "anybody" : tenant.writers.join(", ")],
    ["port", tenant.port === 0 ? "none" : String(tenant.port)],
    ["gas", `${number(gas.rate)} a second, burst ${number(gas.burst)}, largest transaction ${number(gas.largest)}`],
    ["bytes", `${number(bytes.rate)} a second, burst ${number(bytes.burst)}`],
    ["left now", `${number(tenant.capacity.gas)} gas, ${number(tenant.capacity.bytes)} bytes`],
    ...(tenant.rpc === undefined ? [] : [["rpc", tenant.rpc]]),
    ...(tenant.ws === undefined ? [] : [["ws", tenant.ws]]),
  ]);
};
