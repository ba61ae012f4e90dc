/** Light load on a network: a few clients, each with one transaction under way at a time. */
import type { Accounts } from "../../devnet/accounts.ts";
import type { DevnetReady } from "../../devnet/ready.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { pause } from "./api.ts";
import {
  type Client,
  cairoClient,
  dataClient,
  type Entrance,
  evmClient,
  fuelClient,
  svmClient,
  type Word,
} from "./clients.ts";
import { evmDomain, fuelDomain, svmDomain } from "./domains.ts";

/** Between two transactions of one client. */
const restMs = 60;

export type Acknowledged = { domain: number; nativeId: Hex };

const entrancesOf = ({ validators }: DevnetReady): Entrance[] =>
  validators.map(({ api, tenants }) => {
    const rpcOf = (domain: number): string => tenants.find((each) => each.domain === domain)?.rpc ?? "";
    return { api, evm: rpcOf(evmDomain), svm: rpcOf(svmDomain), fuel: rpcOf(fuelDomain) };
  });

export type Load = {
  /** Every transaction that a validator acknowledged. */
  readonly acknowledged: readonly Acknowledged[];
  /** Refusals that no client deserved. */
  readonly refused: readonly string[];
  /** Turns the clients to a network: client i enters at validator i first, and at the next where one is silent. */
  start(network: DevnetReady): void;
  /** Resolves when nothing is under way. What was not acknowledged is offered again after the next start. */
  stop(): Promise<void>;
};

/** One client for each account, and as many of the data tenant as of the EVM. */
export const createLoad = ({ evm = [], svm = [], cairo = [], fuel = [] }: Accounts): Load => {
  const clients = [
    ...evm.map(evmClient),
    ...svm.map(svmClient),
    ...cairo.map(cairoClient),
    ...fuel.map(fuelClient),
    ...evm.map(dataClient),
  ];
  const acknowledged: Acknowledged[] = [];
  const refused: string[] = [];
  let isRunning = false;
  let work: Promise<unknown> = Promise.resolve();

  const run = async (client: Client, entrances: readonly Entrance[], first: number): Promise<void> => {
    for (let at = first; isRunning; await pause(restMs)) {
      const entrance = entrances[at % entrances.length] as Entrance;
      const offered = client.transaction(entrance).then((transaction) => client.offer(entrance, transaction));
      const word = await offered.catch((): Word => "gone");
      if (word === "gone") {
        at++;
        continue;
      }
      if ("refused" in word) {
        refused.push(word.refused);
        continue;
      }
      if ("taken" in word) acknowledged.push({ domain: client.domain, nativeId: word.taken });
      client.settled();
    }
  };

  return {
    acknowledged,
    refused,
    start: (network) => {
      isRunning = true;
      const entrances = entrancesOf(network);
      work = Promise.all(clients.map((client, index) => run(client, entrances, index)));
    },
    stop: async () => {
      isRunning = false;
      await work;
    },
  };
};
