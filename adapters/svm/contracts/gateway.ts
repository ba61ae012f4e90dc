/** The gateway of an SVM tenant: where it is, what it is called with, and what the sequencer writes into its state. */
import type { SyncKey, SyncMessage } from "../../../protocol/bundle.ts";
import { concatBytes, equalBytes, utf8 } from "../../../protocol/bytes.ts";
import { asSponsor, type BundleId, type Domain, type Sponsor } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";

const named = (text: string): Uint8Array => {
  const key = new Uint8Array(32);
  key.set(utf8(text));
  return key;
};

/** The program, and the account that its instructions have first. Nobody has a key for either. */
export const gatewayProgram = named("Lockstep gateway");
export const gatewayState = named("Lockstep state");

/** First byte of an instruction's data. A top-level `requireBundle` marks a transaction as a leg. */
export const gatewayTags = { requireBundle: 0, sendSync: 1, consume: 2, deposit: 3 } as const;

/** Custom errors of the program, by their number. */
export const gatewayErrors = [
  "",
  "UnknownInstruction",
  "WrongAccounts",
  "NotInBundle",
  "NotSigned",
  "BodyTooLong",
  "NoMessage",
] as const;

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};

/** Data of the marker; the account is `gatewayState`. */
export const requireBundleData = (id: BundleId): Uint8Array =>
  concatBytes(Uint8Array.of(gatewayTags.requireBundle), id);

/** Accounts: `gatewayState`, and the sender, which signs. */
export const sendSyncData = (destination: Domain, recipient: Uint8Array, index: number, body: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(gatewayTags.sendSync), u32(destination), recipient, u32(index), body);

/** Accounts: `gatewayState`, writable, and the recipient, which signs. The body comes as return data. */
export const consumeData = (origin: Domain, sender: Uint8Array, index: number): Uint8Array =>
  concatBytes(Uint8Array.of(gatewayTags.consume), u32(origin), sender, u32(index));

/** Accounts: `gatewayState` and the payer, both writable, the payer signs, and the system program. */
export const depositData = (sponsor: Sponsor, lamports: bigint): Uint8Array => {
  const data = new Uint8Array(depositBytes);
  data[0] = gatewayTags.deposit;
  data.set(sponsor, 1);
  new DataView(data.buffer).setBigUint64(1 + sponsor.length, lamports);
  return data;
};

export const depositBytes = 1 + 32 + 8;

export const readDeposit = (data: Uint8Array): { sponsor: Sponsor; amount: bigint } => ({
  sponsor: asSponsor(data.slice(1, 33)),
  amount: new DataView(data.buffer, data.byteOffset).getBigUint64(33),
});

const idBytes = 32;
const keyBytes = 72;
/** Of the inbox: used u8 ‖ length u16 ‖ 5 ‖ key 72 ‖ body. */
const place = { count: 16, bytes: 8 + keyBytes + limits.syncBodyBytes, length: 1, key: 8, body: 8 + keyBytes } as const;

export const stateBytes = idBytes + place.count * place.bytes;

const messageKey = ({ origin, sender, recipient, index }: SyncKey): Uint8Array =>
  concatBytes(u32(origin), sender, recipient, u32(index));

/** What the sequencer says: `0 ‖ id`, `1 ‖ key 72 ‖ body`, or `2 ‖ recipient ‖ lamports u64`. */
export const setBundleWrite = (id: BundleId | undefined): Uint8Array =>
  concatBytes(Uint8Array.of(0), id ?? new Uint8Array(idBytes));

export const deliverWrite = (message: SyncMessage): Uint8Array =>
  concatBytes(Uint8Array.of(1), messageKey(message), message.body);

export const releaseWrite = (recipient: Uint8Array, lamports: bigint): Uint8Array => {
  const write = new Uint8Array(1 + 32 + 8);
  write[0] = 2;
  write.set(recipient, 1);
  new DataView(write.buffer).setBigUint64(33, lamports);
  return write;
};

/** What a write pays out of the state's lamports; `undefined` for other writes. */
export const readRelease = (write: Uint8Array): { recipient: Uint8Array; lamports: bigint } | undefined =>
  write[0] === 2 && write.length === 41
    ? {
        recipient: write.slice(1, 33),
        lamports: new DataView(write.buffer, write.byteOffset).getBigUint64(33),
      }
    : undefined;

/** A message finds no place while sixteen wait; then nobody can consume it. */
const putMessage = (state: Uint8Array, message: Uint8Array): void => {
  for (let at = idBytes; at < stateBytes; at += place.bytes) {
    if (state[at] !== 0) continue;
    const body = message.subarray(keyBytes);
    state.set([1, body.length >> 8, body.length & 0xff], at);
    state.set(message.subarray(0, keyBytes), at + place.key);
    state.set(body, at + place.body);
    return;
  }
};

/** The state's data after a write; `undefined` for what is no write. */
export const writtenState = (state: Uint8Array, write: Uint8Array): Uint8Array | undefined => {
  const [kind] = write;
  const content = write.subarray(1);
  const after = Uint8Array.from(state);
  if (kind === 0 && content.length === idBytes) after.set(content);
  else if (kind === 1 && content.length >= keyBytes && content.length <= keyBytes + limits.syncBodyBytes) {
    putMessage(after, content);
  } else return undefined;
  return after;
};

/** Whether a key is that of the program. */
export const isGateway = (key: Uint8Array | undefined): boolean => key !== undefined && equalBytes(key, gatewayProgram);
