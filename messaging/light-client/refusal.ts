/** Why something is not proven. */
import type { CertificateRefusal } from "../../consensus/certificate/verify.ts";
import type { Failure, Result } from "../../protocol/errors.ts";
import type { SliceRefusal } from "../../protocol/payload.ts";

export type RefusalCode =
  /** The API can't be reached, or doesn't speak. */
  | "unreachable"
  /** The API answers with an error of its own. */
  | "not_available"
  | "malformed_answer"
  /** No validator set has the trusted root. */
  | "unknown_root"
  | "before_trusted_epoch"
  | "wrong_genesis"
  | "wrong_epoch"
  | "wrong_height"
  | "wrong_set"
  | "wrong_proposal"
  | "wrong_parent"
  | "wrong_summary"
  | "wrong_inputs"
  | "wrong_account"
  | "wrong_registration"
  | "not_final"
  | "not_carried"
  | "not_certified"
  | "not_ordered"
  | "not_in_slice"
  /** Its height executed no such bundle. */
  | "bundle_absent"
  /** What a final block orders is not shown. */
  | "withheld"
  /** Nothing new for longer than heights take. */
  | "no_news"
  | "unknown_tenant"
  | "unsupported_vm"
  | CertificateRefusal["code"]
  | SliceRefusal
  | "bad_proof"
  | "refuted";

export type Refusal = Failure<RefusalCode>;
export type Proof<T> = Result<T, RefusalCode>;

export const refusal = (
  code: RefusalCode,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): Refusal => ({ ...fields, code, message });

export const refused = (error: Refusal): { readonly ok: false; readonly error: Refusal } => ({ ok: false, error });
