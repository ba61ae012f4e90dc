/** The `data` VM: a tenant that is only ordered. */
import { LockstepError } from "../../protocol/errors.ts";
import type { Adapter } from "../adapter.ts";
import { openDataExecutor } from "./executor.ts";

/** A `data` tenant has nothing to configure: its config is empty, or an empty JSON object. Its transactions have no senders. */
const checkConfig = (config: Uint8Array, writers: readonly string[] | undefined): void => {
  const text = new TextDecoder().decode(config).trim();
  if (text !== "" && !/^\{\s*\}$/.test(text)) {
    throw new LockstepError("bad_config", "the config of a data tenant is empty or {}");
  }
  if (writers !== undefined) {
    throw new LockstepError("bad_config", "transactions of a data tenant have no senders: register it without writers");
  }
};

export const dataAdapter: Adapter = {
  vm: "data",
  isolated: false,
  open: async ({ domain, config, writers, source, mark }) => {
    checkConfig(config, writers);
    return await openDataExecutor(domain, source, mark);
  },
  protocolWrites: () => [],
};
