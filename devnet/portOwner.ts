/** Which process listens on a TCP port, as far as Linux lets this user see it. */
import { readdir, readFile, readlink } from "node:fs/promises";

export type PortOwner = { pid: number; command: string };

const listening = "0A";

const listeningInodes = async (port: number): Promise<Set<string>> => {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const text = await readFile(table, "utf8").catch(() => "");
    for (const line of text.split("\n").slice(1)) {
      const columns = line.trim().split(/\s+/);
      const inode = columns[9];
      if (columns[1]?.endsWith(`:${hexPort}`) && columns[3] === listening && inode !== undefined) inodes.add(inode);
    }
  }
  return inodes;
};

const holdsAny = async (pid: string, sockets: ReadonlySet<string>): Promise<boolean> => {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
    if (sockets.has(target)) return true;
  }
  return false;
};

/** `undefined` where nobody listens, or where the system doesn't tell. */
export const findPortOwner = async (port: number): Promise<PortOwner | undefined> => {
  const inodes = await listeningInodes(port);
  if (inodes.size === 0) return undefined;
  const sockets = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (!(await holdsAny(pid, sockets))) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return { pid: Number(pid), command: command.split("\0").filter(Boolean).join(" ") };
  }
  return undefined;
};
