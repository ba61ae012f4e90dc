/** Which folder may import which: the table of ARCHITECTURE.md as a function. */

const proofAndContracts = /^adapters\/[^/]+\/(?:proof|contracts)(?:\/|\.ts$)/;
const portableAdapter = /^adapters\/[^/]+\/(?:codec|proof|contracts)(?:\/|\.ts$)/;
const contracts = /^adapters\/[^/]+\/contracts(?:\/|\.ts$)/;

/** Besides itself, a folder may import what starts with (or matches) one of these. */
const allowed: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  protocol: [],
  consensus: ["protocol/"],
  adapters: ["protocol/"],
  messaging: ["protocol/", "consensus/certificate/", proofAndContracts],
  sequencer: ["protocol/", "consensus/", "adapters/", "messaging/"],
  client: ["protocol/", "messaging/light-client/", portableAdapter],
  intents: ["protocol/", "client/", contracts],
  cli: [/^(?!test\/)/],
  devnet: [/^(?!test\/)/],
};

/** Folders of adapters/ that every VM shares. */
const vmFolders = new Set(["data", "evm", "svm", "cairo", "fuel"]);

const vmOf = (path: string): string | undefined => {
  const [top, folder = ""] = path.split("/");
  return top === "adapters" && vmFolders.has(folder) ? folder : undefined;
};

/** Why the file at `from` may not import the one at `to` (both relative to the repository), if so. */
export const forbiddenImport = (from: string, to: string): string | undefined => {
  const [layer = ""] = from.split("/");
  const [fromVm, toVm] = [vmOf(from), vmOf(to)];
  if (fromVm !== undefined && toVm !== undefined && fromVm !== toVm) return "no VM imports another";
  if (to.startsWith(`${layer}/`)) return undefined;
  const rules = allowed[layer];
  if (rules === undefined) return undefined;
  const isAllowed = rules.some((rule) => (typeof rule === "string" ? to.startsWith(rule) : rule.test(to)));
  return isAllowed ? undefined : `${layer}/ may not depend on it`;
};
