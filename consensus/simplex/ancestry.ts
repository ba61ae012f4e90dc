/** What a view may build on, and which certificates and headers are missing to know. */
import { toHex } from "../../protocol/bytes.ts";
import { asView, type Root, type View } from "../../protocol/ids.ts";
import type { KnownHeader } from "../application.ts";
import { messageLimits } from "./limits.ts";
import { blockAt, type Candidate, notarizedAt, type State } from "./state.ts";
import type { ViewCertificate } from "./statement.ts";

/** What must be asked for. */
export type Gap = { readonly ok: false; readonly views: View[]; readonly headers: Root[] };

/** A notarized block above the floor. */
export type Link = { readonly certificate: ViewCertificate; readonly candidate: Candidate };

export type Chain = { readonly ok: true; readonly links: Link[]; readonly tip: KnownHeader };

/**
 * Notarized blocks from the floor up to the one of `view`, lowest first; `undefined` when they don't
 * descend from the floor. A header that is proposed again stands there once a view.
 */
export const chainTo = (state: State, view: View): Chain | Gap | undefined => {
  const links: Link[] = [];
  const headers: Root[] = [];
  let at = view;
  while (at > state.floor.view) {
    const certificate = notarizedAt(state, at);
    if (certificate === undefined) return { ok: false, views: unknownViews(state, at), headers };
    const { headerRoot, parentView } = certificate.proposal;
    const candidate = state.headers.get(toHex(headerRoot));
    if (candidate !== undefined) links.unshift({ certificate, candidate });
    else headers.push(headerRoot);
    at = parentView;
  }
  if (at < state.floor.view) return undefined;
  if (headers.length > 0) return { ok: false, views: [], headers };
  return { ok: true, links, tip: links.at(-1)?.candidate.block ?? state.floor.block };
};

/** Views up to `from` without any certificate, and `from` itself: asked for together. */
const unknownViews = (state: State, from: View): View[] => {
  const views = [from];
  for (let at = from - 1; at > state.floor.view && views.length < messageLimits.requestViews; at--) {
    const certificates = state.rounds.get(asView(at))?.certificates;
    if (certificates === undefined || Object.keys(certificates).length === 0) views.push(asView(at));
  }
  return views;
};

/** R5: views between `parent` and `view` whose nullification is not held. */
export const uncovered = (state: State, parent: View, view: View): View[] => {
  const views: View[] = [];
  for (let at = parent + 1; at < view && views.length < messageLimits.requestViews; at++) {
    if (state.rounds.get(asView(at))?.certificates.nullify === undefined) views.push(asView(at));
  }
  return views;
};

/** R3: the newest notarized block on which `view` can build, with the nullifications of all views between. */
export const parentFor = (
  state: State,
  view: View,
): { readonly ok: true; readonly view: View; readonly block: KnownHeader } | Gap => {
  for (let at = asView(view - 1); at >= state.floor.view; at = asView(at - 1)) {
    if (at === state.floor.view || notarizedAt(state, at) !== undefined) {
      const block = blockAt(state, at);
      if (block !== undefined) return { ok: true, view: at, block };
      const root = notarizedAt(state, at)?.proposal.headerRoot;
      return { ok: false, views: [], headers: root === undefined ? [] : [root] };
    }
    if (state.rounds.get(at)?.certificates.nullify === undefined) {
      return { ok: false, views: unknownViews(state, at), headers: [] };
    }
  }
  return { ok: false, views: [], headers: [] };
};
