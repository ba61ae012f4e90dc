/** Fuel transfers: a sender's chain of them, each of which spends the change of the one before. */
import { fuelAdapter } from "../../../adapters/fuel/adapter.ts";
import type { FuelParameters } from "../../../adapters/fuel/params.ts";
import { readFuel } from "../../../adapters/fuel/reads.ts";
import { feeOf, minGasOf } from "../../../adapters/fuel/rpc/gas.ts";
import {
  budget,
  change,
  config,
  domain,
  encodeConfig,
  genesisUtxo,
  idOf,
  type Owner,
  pay,
  script,
  sign,
  spend,
} from "../../../adapters/fuel/testChain.ts";
import type { ScriptTransaction, UtxoId } from "../../../adapters/fuel/transaction.ts";
import { type Account, fuelAccounts, fuelBalance, fuelCoins } from "../../../devnet/accounts.ts";
import { fromHex, type Hex } from "../../../protocol/bytes.ts";
import { octetsTo } from "../bodies.ts";
import { recipients, type VmPart } from "./part.ts";

const recipientAt = (index: number): Hex => `0x${(0x51f7_0000 + (index % recipients)).toString(16).padStart(64, "0")}`;

const transfer = (owner: Owner, coin: UtxoId, worth: bigint, to: Hex): ScriptTransaction =>
  script({ inputs: [spend(owner, coin, worth)], outputs: [pay(to, 1n), change(owner.address)] });

const signature: Hex = `0x${"00".repeat(64)}`;

/** What each transfer costs: it runs one instruction, which returns. */
const feeOfTransfer = (parameters: FuelParameters, unsigned: ScriptTransaction): bigint => {
  const { ret_contract: ret } = parameters.gasCosts;
  if (typeof ret !== "bigint") throw new Error("the cost of `ret` depends on something");
  return feeOf(parameters, minGasOf(parameters, { ...unsigned, witnesses: [signature] }) + ret, parameters.gasPrice);
};

const readParameters = async (): Promise<FuelParameters> => {
  const { executor } = await fuelAdapter.open({ domain, config: encodeConfig(config), budget });
  const parameters = await readFuel(executor.read, { kind: "parameters" });
  if (!parameters.ok) throw new Error(parameters.error.message);
  return parameters.value;
};

export const fuel: VmPart = {
  batch: 100,
  perBlock: 1000,
  sign: async (sender, count) => {
    const parameters = await readParameters();
    const { address, privateKey } = fuelAccounts()[sender] as Account;
    const owner: Owner = { address, secret: fromHex(privateKey) ?? new Uint8Array(0) };
    const signed: Uint8Array[] = [];
    let coin = genesisUtxo(sender * fuelCoins);
    let worth = fuelBalance / BigInt(fuelCoins);
    const fee = feeOfTransfer(parameters, transfer(owner, coin, worth, recipientAt(0)));
    for (let i = 0; i < count; i++) {
      const unsigned = transfer(owner, coin, worth, recipientAt(i));
      signed.push(sign(unsigned, owner));
      coin = { txId: idOf(unsigned), index: 1 };
      worth -= 1n + fee;
    }
    return signed;
  },
  request: (batch, { api }) => octetsTo(api, domain, batch),
};
