/** Abuse by a peer: what a validator gone bad does to those that take its connections. */
import { randomBytes } from "node:crypto";
import { createBlst } from "../../../consensus/certificate/blst.ts";
import { assembleCertificate } from "../../../consensus/certificate/verify.ts";
import { frameHeader } from "../../../consensus/network/frames.ts";
import { networkLimits } from "../../../consensus/network/limits.ts";
import { encodeMessage } from "../../../consensus/simplex/codec.ts";
import { contextOf, type Statement, type ViewCertificate } from "../../../consensus/simplex/statement.ts";
import { syncLimits } from "../../../consensus/sync/limits.ts";
import { encodeSyncMessage } from "../../../consensus/sync/messages.ts";
import { Batch, SignedBatch } from "../../../protocol/batch.ts";
import { concatBytes, fromHex } from "../../../protocol/bytes.ts";
import { sha256 } from "../../../protocol/hash.ts";
import { asDomain, asEpoch, asHeight, asRoot, asValidatorIndex, asView, type Root } from "../../../protocol/ids.ts";
import type { Channel } from "../../../protocol/ports.ts";
import { signingRoot } from "../../../protocol/signing.ts";
import type { ValidatorSet } from "../../../protocol/validators.ts";
import { BlockWire, decodeWire } from "../../../protocol/wire.ts";
import { batchSigningRoot } from "../../../sequencer/batch/exchange.ts";
import { batchLimits } from "../../../sequencer/batch/limits.ts";
import { encodeJournalMessage } from "../../../sequencer/mempool/replication.ts";
import { status } from "../api.ts";
import { dataDomain, evmDomain } from "../domains.ts";
import type { Foothold, Traitor } from "./traitor.ts";

const repeated = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** More than enough for a ban, whatever decays meanwhile. */
const offences = networkLimits.banScore / networkLimits.offencePoints + 4;

/** Another network, for which whoever is a validator here could have signed anything. */
const foreign: Root = asRoot(new Uint8Array(32).fill(7));

export const sendGarbage = ({ send }: Foothold, channel: Channel): Promise<void> =>
  send(channel, ...repeated(offences, () => concatBytes(Uint8Array.of(9), random(40))));

/** A frame that announces 10 MiB, and a good part of it. */
export const sendHugeFrame = ({ write }: Foothold, channel: Channel): Promise<void> =>
  write(channel, concatBytes(Uint8Array.of(0x00, 0xa0, 0, 0), random(2 ** 20)));

/** Certificates of views to come, by signatures that say something for another genesis. */
export const sendForgedCertificates = async ({ send }: Foothold, { signer, genesis }: Traitor, api: string) => {
  const { epoch, view } = await status(api);
  const { set } = (await (await fetch(`${api}/v1/validators`)).json()) as { set: { members: unknown[] } };
  const members = set.members.map(() => ({ publicKey: signer.publicKey, weight: 1 }));
  const claimed: ValidatorSet = { genesis, epoch: asEpoch(epoch), members };
  const forge = (at: number): Uint8Array => {
    const proposal = { epoch: asEpoch(epoch), view: asView(at), parentView: asView(0), headerRoot: foreign };
    const statement: Statement = { kind: "notarize", proposal };
    const signature = signer.sign(signingRoot(contextOf(foreign, statement)));
    const votes = [0, 1, 2].map((index) => ({ signer: asValidatorIndex(index), signature }));
    const certificate: ViewCertificate = {
      ...statement,
      certificate: assembleCertificate(createBlst(), claimed, votes),
    };
    return encodeMessage({ type: "certificate", certificate });
  };
  await send("consensus", ...repeated(offences, (i) => forge(view + 5 + i)));
};

/** A batch of the abuser's, as it travels, signed for the network with a genesis. */
export const batchOf = (
  { signer }: Traitor,
  sequence: number,
  transactions: readonly Uint8Array[],
  genesis: Root,
): Uint8Array => {
  const batch: Batch = {
    producer: signer.publicKey,
    sequence,
    transactions: transactions.map((bytes) => ({ domain: asDomain(dataDomain), gas: bytes.length, bytes })),
    bundles: [],
  };
  const digest = sha256(Batch.encode(batch));
  const signature = signer.sign(batchSigningRoot(genesis, sequence, digest));
  return concatBytes(Uint8Array.of(1), SignedBatch.encode({ batch, signature }));
};

export const sendForeignBatches = ({ send }: Foothold, traitor: Traitor): Promise<void> => {
  const sequence = 10_000 + (random(1)[0] ?? 0);
  return send("batch", ...repeated(offences, (i) => batchOf(traitor, sequence + 256 * i, [random(40)], foreign)));
};

/** Far more requests for blocks than anybody needs. */
export const sendSyncRequests = ({ send }: Foothold, height: number, count: number): Promise<void> => {
  const request = (id: number) => ({ id, from: asHeight(1), count: Math.min(height, syncLimits.requestBlocks) });
  return send("sync", ...repeated(count, (id) => encodeSyncMessage({ type: "request", request: request(id) })));
};

/** Transactions to be journaled that no state makes valid. */
export const sendJunkTransactions = ({ send }: Foothold): Promise<void> => {
  const junk = repeated(4096, () => ({ domain: asDomain(evmDomain), bytes: random(100) }));
  return send("pool", encodeJournalMessage(junk));
};

/** A genuine certificate of the first epoch, over and over. */
export const replayOldCertificate = async ({ send }: Foothold, api: string, count: number): Promise<void> => {
  const block = decodeWire(BlockWire, await (await fetch(`${api}/v1/blocks/1`)).json());
  if (!block.ok) throw new Error(block.error.message);
  const { kind, proposal, certificate } = block.value;
  const replayed = encodeMessage({ type: "certificate", certificate: { kind, proposal, certificate } });
  await send("consensus", ...repeated(count, () => replayed));
};

/** Says that much will come, and sends next to nothing of it. */
export const sendSlowFrame = ({ write }: Foothold, channel: Channel): Promise<void> =>
  write(channel, concatBytes(frameHeader(100_000), random(10)));

/** Requests for as many batches as one may name, over and over. */
export const sendBatchRequests = async ({ send }: Foothold, api: string, count: number): Promise<void> => {
  const digests: Uint8Array[] = [];
  const { finalized } = await status(api);
  for (let at = finalized; at > 0 && digests.length < 8; at--) {
    const block = (await (await fetch(`${api}/v1/blocks/${at}`)).json()) as { header: { batches: string[] } };
    digests.push(...block.header.batches.flatMap((digest) => fromHex(digest) ?? []));
  }
  const named = repeated(batchLimits.requestDigests, (i) => digests[i % digests.length] ?? new Uint8Array(32));
  await send("batch", ...repeated(count, () => concatBytes(Uint8Array.of(3), ...named)));
};

/** One valid batch of a MiB, again and again. */
export const sendKnownBatch = async (foothold: Foothold, traitor: Traitor, count: number): Promise<void> => {
  const known = batchOf(
    traitor,
    20_000,
    repeated(16, () => random(2 ** 16)),
    traitor.genesis,
  );
  for (let round = 0; round < count; round++) await foothold.send("batch", known);
};
