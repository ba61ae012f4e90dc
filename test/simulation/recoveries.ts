/** Recoveries that validators of a simulated network agree to. */
import { controlDomain, controlSigningRoot, encodeControl, type Recovery } from "../../protocol/control.ts";
import { asValidatorIndex } from "../../protocol/ids.ts";
import type { Nodes } from "./nodes.ts";

/** The control transaction, signed by these validators. */
export const recover = async (nodes: Nodes, value: Recovery, signers = [0, 1, 2]): Promise<Uint8Array> => {
  const body = { kind: "recover", value } as const;
  const root = controlSigningRoot(nodes.node(asValidatorIndex(0)).service.genesisRoot, body);
  const signatures = nodes.signers
    .filter((_, seat) => signers.includes(seat))
    .map((signer) => ({ publicKey: signer.publicKey, signature: signer.sign(root) }));
  return encodeControl({ body, signatures });
};

/** What a node answers to a control transaction. */
export const submitControl = async (nodes: Nodes, at: number, bytes: Uint8Array): Promise<string | undefined> => {
  const [answer] = await nodes.ask(nodes.node(asValidatorIndex(at)).service.submit(controlDomain, [bytes]));
  return answer?.ok ? "ok" : answer?.error.code;
};

export const untilCertified = async (nodes: Nodes, height: number): Promise<void> => {
  await nodes.world.run(() =>
    nodes.indices.every((at) => {
      if (!nodes.world.isUp(at)) return false;
      try {
        return nodes.node(at).service.status().certified >= height;
      } catch {
        return false;
      }
    }),
  );
};
