/** Bytes that all connections of a server may hold together. */
export type Budget = {
  /** Whether the bytes could be had; then they have to be given back. */
  take(bytes: number): boolean;
  give(bytes: number): void;
};

export const createBudget = (cap: number): Budget => {
  let used = 0;
  return {
    take: (bytes) => {
      if (used + bytes > cap) return false;
      used += bytes;
      return true;
    },
    give: (bytes) => {
      used -= bytes;
    },
  };
};
