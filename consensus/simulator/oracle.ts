/** Judges a run from outside: from what went over the wire and what applications were told. */
import { toHex } from "../../protocol/bytes.ts";
import { signersOf } from "../../protocol/certificate.ts";
import { Header } from "../../protocol/header.ts";
import type { Epoch, Root, ValidatorIndex, View } from "../../protocol/ids.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import type { FinalizedBlock } from "../application.ts";
import { createBlst } from "../certificate/blst.ts";
import { refuteCertificate } from "../certificate/verify.ts";
import { decodeMessage } from "../simplex/codec.ts";
import { contextOf, proposalKey, type ViewCertificate, type Vote } from "../simplex/statement.ts";
import type { Ledger } from "./application.ts";
import type { WireMessage } from "./network.ts";

export type Oracle = {
  sent(wire: WireMessage): void;
  booted(node: ValidatorIndex, ledger: Ledger): void;
  finalized(node: ValidatorIndex, block: FinalizedBlock): void;
  complain(complaint: string): void;
  /** Everything that was wrong, certificates verified one by one with every signature. */
  verdict(): Promise<string[]>;
  /** Views of which a nullification went over the wire. */
  nullified(): { epoch: Epoch; view: View }[];
  /** The finalized chain, height 1 first. */
  chain(): FinalizedBlock[];
};

type Options = { readonly genesis: Root; readonly set: ValidatorSet; readonly honest: readonly ValidatorIndex[] };

export const createOracle = ({ genesis, set, honest }: Options): Oracle => {
  const bls = createBlst();
  const complaints = new Set<string>();
  const chain = new Map<number, FinalizedBlock>();
  /** What each honest validator said, by view and kind. */
  const said = new Map<string, string>();
  const certificates = new Map<string, ViewCertificate>();
  const ledgers: { node: ValidatorIndex; ledger: Ledger }[] = [];
  const last = new Map<ValidatorIndex, number>();

  const hearVote = ({ kind, proposal, signer }: Vote): void => {
    const place = (of: string) => `${signer} ${proposal.epoch} ${proposal.view} ${of}`;
    const content = proposalKey(proposal);
    const earlier = said.get(place(kind));
    if (earlier !== undefined && earlier !== content) complaints.add(`two votes: ${place(kind)}`);
    const opposite = kind === "nullify" ? "finalize" : kind === "finalize" ? "nullify" : undefined;
    if (opposite !== undefined && said.has(place(opposite))) complaints.add(`nullify and finalize: ${place(kind)}`);
    said.set(place(kind), content);
  };

  const hearCertificate = (certificate: ViewCertificate): void => {
    const { kind, proposal } = certificate;
    certificates.set(
      `${proposal.epoch} ${proposal.view} ${kind} ${toHex(certificate.certificate.signature)}`,
      certificate,
    );
  };

  const contradictions = (): string[] => {
    const signers = new Map<string, Set<number>>();
    for (const { kind, proposal, certificate } of certificates.values()) {
      const key = `${proposal.epoch} ${proposal.view} ${kind}`;
      const all = signers.get(key) ?? new Set();
      for (const signer of signersOf(certificate)) all.add(signer);
      signers.set(key, all);
    }
    return [...signers].flatMap(([key, nullifiers]) => {
      if (!key.endsWith("nullify")) return [];
      const finalizers = signers.get(key.replace("nullify", "finalize")) ?? new Set();
      return honest
        .filter((node) => nullifiers.has(node) && finalizers.has(node))
        .map((node) => `node ${node} nullified and finalized: ${key}`);
    });
  };

  return {
    sent: ({ from, channel, message }) => {
      if (channel !== "consensus" || !honest.includes(from)) return;
      const decoded = decodeMessage(message);
      if (decoded.type === "vote" || decoded.type === "proposal") hearVote(decoded.vote);
      if (decoded.type === "certificate") hearCertificate(decoded.certificate);
      if (decoded.type === "proposal" && decoded.parent !== undefined) hearCertificate(decoded.parent);
    },
    booted: (node, ledger) => {
      ledgers.push({ node, ledger });
      last.delete(node);
    },
    finalized: (node, block) => {
      const { height } = block.header;
      const before = last.get(node);
      if (before !== undefined && before + 1 !== height) complaints.add(`node ${node}: ${height} after ${before}`);
      last.set(node, height);
      const known = chain.get(height);
      if (known === undefined) chain.set(height, block);
      else if (toHex(known.root) !== toHex(block.root)) complaints.add(`two blocks of height ${height}`);
      hearCertificate(block);
    },
    complain: (complaint) => {
      complaints.add(complaint);
    },
    verdict: async () => {
      const found = [...complaints, ...contradictions()];
      for (const { node, ledger } of ledgers) found.push(...ledger.complaints.map((what) => `node ${node}: ${what}`));
      for (const [height, { header, root, proposal }] of chain) {
        const parent = chain.get(height - 1);
        if (toHex(Header.root(header)) !== toHex(root)) found.push(`block ${height} has another root`);
        if (toHex(proposal.headerRoot) !== toHex(root)) found.push(`block ${height} is certified as another`);
        if (parent !== undefined && toHex(header.parent) !== toHex(parent.root))
          found.push(`block ${height} forks off`);
      }
      for (const [key, certificate] of certificates) {
        const judges = { ...set, epoch: certificate.proposal.epoch };
        const refusal = await refuteCertificate(bls, judges, contextOf(genesis, certificate), certificate.certificate);
        if (refusal !== undefined) found.push(`certificate ${key}: ${refusal.message}`);
      }
      return found;
    },
    nullified: () =>
      [...certificates.values()]
        .filter(({ kind }) => kind === "nullify")
        .map(({ proposal: { epoch, view } }) => ({ epoch, view })),
    chain: () => [...chain].toSorted(([a], [b]) => a - b).map(([, block]) => block),
  };
};
