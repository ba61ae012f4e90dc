/**
 * Programs of loader-v3: an account that names another one with the code
 * (https://docs.rs/solana-loader-v3-interface, `UpgradeableLoaderState`).
 */
import { equalBytes } from "../../protocol/bytes.ts";
import type { SvmAccount } from "./account.ts";
import { programs } from "./addresses.ts";
import { createReader } from "./binary.ts";

const tags = { program: 2, programData: 3 } as const;
const programBytes = 4 + 32;
/** Bytes in front of the code. */
const programDataMeta = 45;

const tagOf = ({ data }: SvmAccount): number | undefined =>
  data.length < 4 ? undefined : createReader(data, "a program").u32();

/** Whether an account is a program that the engine remembers. */
export const isProgram = (account: SvmAccount | undefined): boolean => account?.executable === true;

/** Address of the code of a program of loader-v3; `undefined` for anything else. */
export const programDataOf = (account: SvmAccount): Uint8Array | undefined => {
  const isLoaderV3 = account.executable && equalBytes(account.owner, programs.loaderV3);
  if (!isLoaderV3 || account.data.length < programBytes || tagOf(account) !== tags.program) return undefined;
  return account.data.slice(4, programBytes);
};

/** Whether there is code in an account: one that was closed may come back without, when somebody pays it lamports. */
export const holdsCode = (account: SvmAccount): boolean =>
  equalBytes(account.owner, programs.loaderV3) &&
  account.data.length >= programDataMeta &&
  tagOf(account) === tags.programData;

/** Loaders that take instructions: a transaction that makes, changes or closes a program has one among its keys. */
export const loaders = [programs.loaderV3, programs.loaderV2, programs.loaderV1] as const;
