/** Where consensus keeps what on the disk: everything under `c/`, numbers big-endian so that keys sort by them. */
import { concatBytes, utf8 } from "../../protocol/bytes.ts";
import type { Epoch, Height, Root, View } from "../../protocol/ids.ts";
import { type VoteKind, voteKinds } from "../simplex/statement.ts";

const u64 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
};

const place = (section: string, epoch: Epoch, view: View, kind: VoteKind): Uint8Array =>
  concatBytes(utf8(section), u64(epoch), u64(view), Uint8Array.of(voteKinds.indexOf(kind) + 1));

export const keys = {
  /** Finalized blocks. */
  block: (height: Height): Uint8Array => concatBytes(utf8("c/b/"), u64(height)),
  /** Headers above the finalized height that were voted for or notarized. */
  header: (root: Root): Uint8Array => concatBytes(utf8("c/h/"), root),
  /** Certificates above the finalized view. */
  certificate: (epoch: Epoch, view: View, kind: VoteKind): Uint8Array => place("c/q/", epoch, view, kind),
  /** Own votes above the finalized view. */
  vote: (epoch: Epoch, view: View, kind: VoteKind): Uint8Array => place("c/v/", epoch, view, kind),
} as const;

type Bounds = { readonly gte: Uint8Array; readonly lt: Uint8Array };

const section = (prefix: string): Bounds => {
  const gte = utf8(prefix);
  const lt = gte.slice();
  lt[lt.length - 1] = (lt[lt.length - 1] as number) + 1;
  return { gte, lt };
};

export const sections = {
  blocks: section("c/b/"),
  headers: section("c/h/"),
  certificates: section("c/q/"),
  votes: section("c/v/"),
} as const;
