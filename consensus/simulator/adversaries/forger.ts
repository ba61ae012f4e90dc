/** Its own signatures are wrong, it votes for others, and it makes certificates up. */
import { signerBits } from "../../../protocol/certificate.ts";
import { asSignature, asView, type ValidatorIndex } from "../../../protocol/ids.ts";
import { nullifyOf, type ViewCertificate, type Vote } from "../../simplex/statement.ts";
import { distort } from "./adversary.ts";

export const forger = distort(({ random, self, signer }) => (message, to) => {
  if (message.type !== "vote" && message.type !== "proposal") return [message];
  const { vote } = message;
  const { epoch, view } = vote.proposal;
  /** A signature of its own under something else, or no point of the group at all. */
  const signature = random.chance(0.5) ? signer.sign(random.bytes(32)) : asSignature(random.bytes(96));
  const forged: Vote = { ...vote, signature };
  const stolen: Vote = { ...vote, signer: ((self + 1) % 4) as ValidatorIndex };
  const everyone = signerBits([0, 1, 2, 3] as ValidatorIndex[], 4);
  const invented: ViewCertificate = {
    ...nullifyOf(epoch, asView(view + random.below(1000))),
    certificate: { signers: everyone, signature: signer.sign(random.bytes(32)) },
  };
  return [
    { ...message, vote: forged },
    { type: "vote", vote: stolen },
    { type: "certificate", certificate: invented },
    ...(to === 0
      ? [{ type: "certificate", certificate: { ...invented, kind: "finalize", proposal: vote.proposal } } as const]
      : []),
  ];
});
