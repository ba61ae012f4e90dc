/**
 * Errors that cross a boundary (socket, file, flag, process) are values: a stable code, what was
 * wrong, what to do, and the facts as fields.
 */

export type Failure<Code extends string = string> = {
  readonly code: Code;
  /** What was wrong and what to do about it, in a sentence. */
  readonly message: string;
  readonly [field: string]: unknown;
};

export type Result<T, Code extends string = string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Failure<Code> };

export const success = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

export const failure = <Code extends string>(
  code: Code,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): { readonly ok: false; readonly error: Failure<Code> } => ({ ok: false, error: { ...fields, code, message } });

/** Carries a `Failure` through code that throws, up to the boundary that answers with it. */
export class LockstepError extends Error {
  override readonly name = "LockstepError";
  readonly failure: Failure;

  constructor(code: string, message: string, fields: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.failure = { ...fields, code, message };
  }

  get code(): string {
    return this.failure.code;
  }
}
