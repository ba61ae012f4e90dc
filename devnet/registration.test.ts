import { expect, test } from "vitest";
import { createBlst, createSigner, generateSecretKey } from "../consensus/certificate/blst.ts";
import { controlSigningRoot, decodeControl } from "../protocol/control.ts";
import { asRoot } from "../protocol/ids.ts";
import { createRegistration } from "./genesis.ts";
import { signRegistration } from "./registration.ts";
import { plansOf, tenantNames } from "./tenants.ts";

const owner = createSigner(generateSecretKey(new Uint8Array(32).fill(7)));
const genesis = asRoot(new Uint8Array(32).fill(9));

test.each(plansOf(tenantNames))("$name is registered by its owner, with a block 0 of that moment", async (plan) => {
  const { body, signatures } = decodeControl(signRegistration(plan, owner, genesis, 1_700_000_000_999));
  expect(body).toEqual({ kind: "register", value: createRegistration(plan, owner.publicKey, 1_700_000_000_999) });
  const [signature] = signatures;
  if (signature === undefined) throw new Error("it is not signed");
  expect(signature.publicKey).toEqual(owner.publicKey);
  const root = controlSigningRoot(genesis, body);
  expect(await createBlst().verify(owner.publicKey, root, signature.signature)).toBe(true);
});
