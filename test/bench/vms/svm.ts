/** SOL transfers, which name a blockhash that is good for a minute or two. */
import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { fromBase58, toBase58 } from "../../../adapters/svm/base58.ts";
import { genesisHashOf } from "../../../adapters/svm/genesis.ts";
import { blockhashOf } from "../../../adapters/svm/window.ts";
import { svmAccounts } from "../../../devnet/accounts.ts";
import { zeroRoot } from "../../../protocol/ids.ts";
import { octetsTo } from "../bodies.ts";
import { registrationOf } from "../engineTenant.ts";
import { call } from "../http.ts";
import { recipients, type VmPart } from "./part.ts";

const { domain, config } = registrationOf("svm");
/** Lamports that a new account needs so as to stay (rent-exempt), and more. Each transfer sends another amount, so none is another's copy. */
const least = 1_000_000;

const keyBytes = (base58: string, length: number): Buffer => {
  const bytes = fromBase58(base58, length);
  if (bytes === undefined) throw new Error(`${base58} does not have ${length} bytes in base58`);
  return Buffer.from(bytes);
};

const privateKey = (seed: Buffer): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]),
    format: "der",
    type: "pkcs8",
  });

const recipientAt = (index: number): Buffer => {
  const key = Buffer.alloc(32, 0x51);
  key.writeUInt32BE(index % recipients, 28);
  return key;
};

const systemProgram = Buffer.alloc(32);

/** A legacy message: payer, recipient and the system program, whose instruction 2 is `Transfer`. */
const transferMessage = (payer: Buffer, to: Buffer, blockhash: Buffer, lamports: number): Buffer => {
  const data = Buffer.alloc(12);
  data.writeUInt32LE(2, 0);
  data.writeBigUInt64LE(BigInt(lamports), 4);
  const header = Buffer.of(1, 0, 1, 3);
  const instruction = Buffer.of(1, 2, 2, 0, 1, data.length);
  return Buffer.concat([header, payer, to, systemProgram, blockhash, instruction, data]);
};

export const svm: VmPart = {
  batch: 100,
  perBlock: 500,
  sign: async (sender, count, recent) => {
    const secret = keyBytes(svmAccounts()[sender]?.secretKey ?? "", 64);
    const [key, payer, blockhash] = [
      privateKey(secret.subarray(0, 32)),
      secret.subarray(32),
      keyBytes(recent, 32),
    ] as const;
    return Array.from({ length: count }, (_, i) => {
      const message = transferMessage(payer, recipientAt(i), blockhash, least + i);
      return Buffer.concat([Buffer.of(1), sign(null, message, key), message]);
    });
  },
  request: (batch, { api }) => octetsTo(api, domain, batch),
  recent: {
    engine: async () => toBase58(blockhashOf(domain, genesisHashOf(domain, config), zeroRoot)),
    network: async ({ rpc }) => {
      const { value } = (await call(rpc, "getLatestBlockhash", [])) as { value: { blockhash: string } };
      return value.blockhash;
    },
  },
};
