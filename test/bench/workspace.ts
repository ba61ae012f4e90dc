/** Everything that a run leaves on the machine, so that all of it can be removed, however the run ends. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Endable = { end(): Promise<void> };

export type Workspace = {
  /** A new folder on the disk that `TMPDIR` names. */
  folder(name: string): Promise<string>;
  /** Runs `work` with something that starts now and is ended afterwards, or when the whole run ends. */
  using<T extends Endable, R>(start: () => T | Promise<T>, work: (thing: T) => Promise<R>): Promise<R>;
  /** Ends what still runs, also what is only starting, and removes all folders. */
  end(): Promise<void>;
};

export const openWorkspace = async (): Promise<Workspace> => {
  const root = await mkdtemp(join(tmpdir(), "lockstep-bench-"));
  const open = new Set<Promise<Endable>>();
  let isOver = false;
  return {
    folder: (name) => mkdtemp(join(root, `${name}-`)),
    using: async (start, work) => {
      if (isOver) throw new Error("the run was ended");
      const starting = (async () => await start())();
      open.add(starting);
      try {
        const thing = await starting;
        try {
          return await work(thing);
        } finally {
          await thing.end();
        }
      } finally {
        open.delete(starting);
      }
    },
    end: async () => {
      isOver = true;
      await Promise.allSettled([...open].map(async (starting) => (await starting).end()));
      await rm(root, { recursive: true, force: true });
    },
  };
};
