/** What became of a bundle, or would, in words for a person. */
import type { BundleFee } from "../protocol/bundle.ts";
import { toHex } from "../protocol/bytes.ts";
import type { BundleSimulationWire, BundleWire } from "../protocol/wire.ts";

const feesText = (fees: readonly BundleFee[]): string =>
  fees.map(({ domain, amount }) => `${amount} at domain ${domain}`).join(", ");

const whyText = (code: string | undefined, leg: number | undefined, message: string | undefined): string => {
  const where = leg === undefined ? "" : ` at leg ${leg}`;
  return `${code ?? "no reason is known"}${where}${message === undefined ? "" : `: ${message}`}`;
};

export const simulationText = ({ id, committed, failure, legs, charged }: BundleSimulationWire): string => {
  const lines = [
    committed
      ? `${toHex(id)} would be committed`
      : `${toHex(id)} would be undone: ${whyText(failure?.code, failure?.leg, failure?.message)}`,
    ...legs.map(({ succeeded, gas, gasUsed, fee, reason, sent, consumed }, i) => {
      const used = gasUsed === undefined ? "" : `, ${gasUsed} gas of at most ${gas}, fee ${fee}`;
      const messages = sent.length + consumed.length === 0 ? "" : `, ${sent.length} sent, ${consumed.length} consumed`;
      return `  leg ${i}: ${succeeded ? "succeeds" : "fails"}${used}${messages}${reason === undefined ? "" : `: ${reason}`}`;
    }),
  ];
  if (charged.length > 0) lines.push(`  the sponsor would pay ${feesText(charged)}`);
  return `${lines.join("\n")}\n`;
};

export const statusText = ({ id, status, height, legs, reason, failedLeg, failure, charged }: BundleWire): string => {
  const place = height === undefined ? "" : ` at height ${height}`;
  const isUndone = reason !== undefined;
  const lines = [
    `${toHex(id)} ${status}${place}${isUndone ? `: ${whyText(reason, failedLeg, failure)}` : ""}`,
    ...legs.flatMap(({ domain, nativeId }, i) =>
      nativeId === undefined ? [] : [`  leg ${i}, domain ${domain}: ${nativeId}`],
    ),
  ];
  if (charged.length > 0) lines.push(`  the sponsor paid ${feesText(charged)}`);
  return `${lines.join("\n")}\n`;
};
