/** A validator's key file: JSON, readable by its owner only. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { z } from "zod";
import type { BlsSigner } from "../consensus/certificate/bls.ts";
import { createSigner, generateSecretKey } from "../consensus/certificate/blst.ts";
import { equalBytes, fromHex, toHex } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import { hexBytes, readJsonFile } from "./jsonFile.ts";

const KeyFile = z.strictObject({ publicKey: hexBytes(48), secretKey: hexBytes(32) });

/**
 * Makes a new key and writes it to a new file.
 *
 * @throws LockstepError `file_exists`: a key is never overwritten
 */
export const createKeyFile = async (path: string): Promise<BlsSigner> => {
  const secretKey = generateSecretKey(randomBytes(32));
  const signer = createSigner(secretKey);
  const content: z.infer<typeof KeyFile> = { publicKey: toHex(signer.publicKey), secretKey: toHex(secretKey) };
  try {
    await writeFile(path, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: "wx", flush: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") {
      throw new LockstepError("file_exists", `${path} exists; keys are never overwritten, so name another file.`, {
        path,
      });
    }
    throw new LockstepError("unwritable_file", `The key file ${path} can't be written: ${(cause as Error).message}.`, {
      path,
    });
  }
  return signer;
};

/** @throws LockstepError `unreadable_file`, `bad_file`, `bad_secret_key` */
export const readKeyFile = async (path: string): Promise<BlsSigner> => {
  const keys = await readJsonFile(KeyFile, path, "key file");
  const signer = createSigner(fromHex(keys.secretKey) ?? new Uint8Array());
  if (!equalBytes(signer.publicKey, fromHex(keys.publicKey) ?? new Uint8Array())) {
    throw new LockstepError("bad_file", `The key file ${path} has a public key that is not that of its secret key.`, {
      path,
    });
  }
  return signer;
};
