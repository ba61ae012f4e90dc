/** What a person at a terminal sees of a devnet. */
import { strkAddress } from "../adapters/cairo/genesis.ts";
import type { Accounts, CairoAccount } from "./accounts.ts";
import type { ValidatorStatus } from "./health.ts";
import type { DevnetEvent, DevnetReady, DevnetTenant, TenantJoined } from "./ready.ts";

const column = (rows: readonly (readonly string[])[]): string => {
  const widths = rows.reduce<number[]>((sum, row) => row.map((cell, i) => Math.max(sum[i] ?? 0, cell.length)), []);
  return rows
    .map((row) => `  ${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join("  ")}\n`)
    .join("");
};

const endpointOf = (api: string, { vm, domain, rpc, ws }: DevnetTenant): string[] => [
  vm,
  rpc ?? `${api}/v1/transactions`,
  ws === undefined ? `domain ${domain}` : `domain ${domain}, ${ws}`,
];

const endpoints = ({ api, tenants, validators }: DevnetReady, coming: readonly string[]): string => {
  const rows = [["API", api, `OpenAPI at ${api}/openapi.json`]];
  for (const tenant of tenants) rows.push(endpointOf(api, tenant));
  for (const name of coming) rows.push([name, "comes as soon as its engine is there", ""]);
  const others = validators.slice(1).map(({ api }) => api);
  if (others.length > 0) rows.push(["other APIs", others.join(" "), ""]);
  return `Endpoints\n${column(rows).replaceAll(/ +\n/g, "\n")}`;
};

const listAccounts = (title: string, rows: readonly (readonly [address: string, secret: string])[]): string =>
  `\n${title}; everybody knows these keys\n${column(rows.map((row, i) => [String(i), ...row]))}`;

const accountList = ({ evm, svm, cairo, fuel }: Accounts): string =>
  [
    evm &&
      listAccounts(
        "EVM accounts, 10,000 ETH each",
        evm.map(({ address, privateKey }) => [address, privateKey]),
      ),
    svm &&
      listAccounts(
        "SVM accounts, 10,000 SOL each",
        svm.map(({ address, secretKey }) => [address, secretKey]),
      ),
    cairo &&
      listAccounts(
        "Cairo accounts, 1,000 STRK each",
        cairo.map(({ address, privateKey }) => [address, privateKey]),
      ),
    fuel &&
      listAccounts(
        "Fuel accounts, 1,000,000,000 ETH each in ten coins",
        fuel.map(({ address, privateKey }) => [address, privateKey]),
      ),
  ].join("");

const transfer = (rpc: string, from: string, to: string): string =>
  `  # send 1 ETH with viem, unmodified
  node --input-type=module -e '
    import { createWalletClient, http, publicActions } from "viem";
    import { privateKeyToAccount } from "viem/accounts";
    const account = privateKeyToAccount("${from}");
    const wallet = createWalletClient({ account, transport: http("${rpc}") }).extend(publicActions);
    const hash = await wallet.sendTransaction({ chain: null, to: "${to}", value: 10n ** 18n });
    console.log(await wallet.waitForTransactionReceipt({ hash }));'
`;

const airdrop = (rpc: string): string =>
  `  # get 5 SOL with @solana/web3.js, unmodified
  node --input-type=module -e '
    import { Connection, Keypair, LAMPORTS_PER_SOL } from "@solana/web3.js";
    const connection = new Connection("${rpc}", "confirmed");
    const { publicKey } = Keypair.generate();
    const signature = await connection.requestAirdrop(publicKey, 5 * LAMPORTS_PER_SOL);
    await connection.confirmTransaction({ signature, ...(await connection.getLatestBlockhash()) });
    console.log(publicKey.toBase58(), await connection.getBalance(publicKey));'
`;

const pay = (rpc: string, from: CairoAccount, to: string): string =>
  `  # send 1 STRK with starknet.js, unmodified
  node --input-type=module -e '
    import { Account, RpcProvider } from "starknet";
    const provider = new RpcProvider({ nodeUrl: "${rpc}" });
    const account = new Account({ provider, address: "${from.address}", signer: "${from.privateKey}" });
    const transfer = { contractAddress: "${strkAddress}", entrypoint: "transfer" };
    const sent = await account.execute({ ...transfer, calldata: ["${to}", 10n ** 18n, 0n] });
    console.log(await provider.waitForTransaction(sent.transaction_hash, { retryInterval: 200 }));'
`;

const fuelTransfer = (rpc: string, from: string, to: string): string =>
  `  # send a thousandth of ETH with fuels, unmodified
  node --input-type=module -e '
    import { Address, Provider, Wallet } from "fuels";
    const wallet = Wallet.fromPrivateKey("${from}", new Provider("${rpc}"));
    const response = await wallet.transfer(new Address("${to}"), 1_000_000);
    const { id, status, blockId } = await response.waitForResult();
    console.log(id, status, blockId);'
`;

/** First steps with the tenants whose VMs have accounts. */
const tenantCommands = (tenants: readonly DevnetTenant[], accounts: Accounts): string[] => {
  const rpcOf = (name: string) => tenants.find(({ vm }) => vm === name)?.rpc;
  const [evm, svm, cairo, fuel] = [rpcOf("evm"), rpcOf("svm"), rpcOf("cairo"), rpcOf("fuel")];
  const [from, to] = accounts.evm ?? [];
  const [payer, payee] = accounts.cairo ?? [];
  const canPay = cairo !== undefined && payer !== undefined && payee !== undefined;
  const [holder, receiver] = accounts.fuel ?? [];
  const canTransfer = evm !== undefined && from !== undefined && to !== undefined;
  return [
    ...(canTransfer ? [transfer(evm, from.privateKey, to.address)] : []),
    ...(svm === undefined ? [] : [airdrop(svm)]),
    ...(canPay ? [pay(cairo, payer, payee.address)] : []),
    ...(fuel && holder && receiver ? [fuelTransfer(fuel, holder.privateKey, receiver.address)] : []),
  ];
};

const commands = ({ api, tenants, accounts, trustedRoot }: DevnetReady): string[] => {
  const data = tenants.find(({ vm }) => vm === "data");
  return [
    ...tenantCommands(tenants, accounts),
    data === undefined
      ? `  # how far the network is\n  curl ${api}/v1/status\n`
      : `  # order ten bytes that no VM understands
  curl ${api}/v1/transactions -H 'content-type: application/json' \\
    -d '{"domain":${data.domain},"transactions":["0x48656c6c6f20616c6c21"]}'
`,
    `  # check against one signature what the node says; the root comes from this screen, not from the node
  npx lockstep verify ${api} \\
    --trust ${trustedRoot}
`,
  ];
};

const toPaste = (parts: readonly string[]): string =>
  parts.length === 0 ? "" : `\nTo paste into another terminal\n${parts.join("\n")}`;

/**
 * Endpoints, accounts and first steps.
 *
 * @param coming names of tenants that join later
 */
export const welcome = (ready: DevnetReady, coming: readonly string[] = []): string =>
  `${endpoints(ready, coming)}${accountList(ready.accounts)}${toPaste(commands(ready))}\nCtrl-C ends everything.\n\n`;

/** The same for a tenant that has joined. */
const welcomeTenant = (api: string, tenant: TenantJoined): string => {
  const endpoint = column([endpointOf(api, tenant)]);
  const steps = toPaste(tenantCommands([tenant], tenant.accounts));
  return `${tenant.vm} has joined\n${endpoint}${accountList(tenant.accounts)}${steps}`;
};

/** Progress of the network in one line, from what each validator answered; `work` is what else is going on. */
export const statusLine = (statuses: readonly (ValidatorStatus | undefined)[], work: string): string => {
  const answers = statuses.filter((status) => status !== undefined);
  const most = (pick: (status: ValidatorStatus) => number) => Math.max(0, ...answers.map(pick));
  return [
    `height ${most(({ height }) => height)}`,
    `certified ${most(({ certified }) => certified)}`,
    `${answers.length}/${statuses.length} validators`,
    `${most(({ pending }) => pending)} pending`,
    ...(work === "" ? [] : [work]),
  ].join(" · ");
};

/** @param api that of validator 0 */
export const describeEvent = (event: DevnetEvent, api: string): string => {
  switch (event.event) {
    case "tenant":
      return welcomeTenant(api, event);
    case "tenant_failed":
      return (
        `${event.vm} has not joined: ${event.message}\n` +
        "Everything else runs. The next start tries again; --tenants chooses which tenants there are."
      );
    case "validator_exited": {
      const how = event.signal === null ? `with code ${event.code ?? "unknown"}` : `by ${event.signal}`;
      return `validator ${event.index} (process ${event.pid}) ended ${how}${event.reason === "" ? "" : `: ${event.reason}`}`;
    }
    case "validator_restarted":
      return `validator ${event.index} runs again (process ${event.pid})`;
    case "stopping":
      return `stopping: ${event.reason}`;
    case "stopped":
      return "all validators have ended; the data directory keeps the chain for the next start";
  }
};

export type Screen = {
  /** Lines that stay. */
  print(text: string): void;
  /** The one line at the bottom that changes in place; nothing where lines can't change. */
  status(text: string): void;
};

export const createScreen = (write: (text: string) => void, isTerminal: boolean): Screen => {
  const clear = isTerminal ? "\r\x1b[2K" : "";
  let current = "";
  return {
    print: (text) => write(`${clear}${text}${current}`),
    status: (text) => {
      if (!isTerminal || text === current) return;
      current = text;
      write(`${clear}${text}`);
    },
  };
};
