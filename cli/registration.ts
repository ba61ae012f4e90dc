/** A registration out of what its owner gives on the command line. */
import { refuteBudget, type TenantBudget, usualBudgets } from "../protocol/budget.ts";
import { utf8 } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import { type Vm, vms } from "../protocol/genesis.ts";
import { asDomain, type PublicKey } from "../protocol/ids.ts";
import { limits, transactionLimits } from "../protocol/limits.ts";
import type { Registration } from "../protocol/tenant.ts";
import { readBytes } from "./file.ts";
import { fileLimits } from "./limits.ts";

export type RegistrationFlags = {
  vm: Vm;
  domain: number;
  name: string;
  /** File with the VM's own genesis; a `data` tenant needs none. */
  genesis?: string;
  port?: number;
  writer?: readonly string[];
  gasRate?: number;
  gasBurst?: number;
  gasLargest?: number;
  bytesRate?: number;
  bytesBurst?: number;
};

const wrong = (message: string): LockstepError => new LockstepError("bad_flag", message);

const MiB = 1024 * 1024;
const dataBytes = { rate: 2 * MiB, burst: MiB };

/** As in genesis, but for `data`: one of those already has half of every block, as a rule. */
const startBudgets: Readonly<Record<Vm, TenantBudget>> = {
  ...usualBudgets,
  data: { gas: { ...dataBytes, largest: transactionLimits.data }, bytes: dataBytes },
};

/** The usual budget of the VM, with the figures that are given. */
const budgetOf = (flags: RegistrationFlags): TenantBudget => {
  const { gas, bytes } = startBudgets[flags.vm];
  const budget: TenantBudget = {
    gas: {
      rate: flags.gasRate ?? gas.rate,
      burst: flags.gasBurst ?? gas.burst,
      largest: flags.gasLargest ?? gas.largest,
    },
    bytes: { rate: flags.bytesRate ?? bytes.rate, burst: flags.bytesBurst ?? bytes.burst },
  };
  const refutation = refuteBudget(budget);
  if (refutation !== undefined) throw wrong(`this budget can't be: ${refutation}`);
  return budget;
};

const readConfig = async ({ vm, genesis }: RegistrationFlags): Promise<Uint8Array> => {
  if (genesis === undefined) {
    if (vm === "data") return utf8("{}");
    throw wrong(`--genesis <file> is missing: the genesis of an ${vm} tenant, as its VM reads it`);
  }
  return new Uint8Array(await readBytes(genesis, "genesis file", fileLimits.tenantGenesisBytes));
};

/** @throws LockstepError `bad_flag`, `unreadable_file`, `bad_file` */
export const readRegistration = async (flags: RegistrationFlags, owner: PublicKey): Promise<Registration> => {
  const name = utf8(flags.name);
  const writers = (flags.writer ?? []).map(utf8);
  if (name.length > limits.tenantNameBytes) throw wrong(`a name has at most ${limits.tenantNameBytes} bytes`);
  if (writers.length > limits.tenantWriters) throw wrong(`a tenant has at most ${limits.tenantWriters} writers`);
  if (writers.some(({ length }) => length > limits.writerBytes)) {
    throw wrong(`a writer is a sender as the VM writes it, of at most ${limits.writerBytes} bytes`);
  }
  return {
    domain: asDomain(flags.domain),
    vm: vms[flags.vm],
    name,
    owner,
    writers,
    budget: budgetOf(flags),
    port: flags.port ?? 0,
    config: await readConfig(flags),
  };
};
