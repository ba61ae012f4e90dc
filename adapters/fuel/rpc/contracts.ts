/** Fields about contracts, blobs, and proofs of the state. */
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import type { FuelProof } from "../proof.ts";
import type { UtxoId } from "../transaction.ts";
import type { Chain } from "./chain.ts";
import { readAsset } from "./coins.ts";
import { apiError, type Context } from "./context.ts";
import { rpcLimits } from "./limits.ts";
import { type PageArgs, paginate, stretchOf } from "./paging.ts";

export const contractFields = (chain: Chain) => {
  const number = (): number => chain.height();

  /** Code in hexadecimal, made only when it is asked for. */
  const codeView = (id: Hex, code: Uint8Array | undefined, context: Context) =>
    code === undefined
      ? null
      : {
          id,
          bytecode: () => {
            context.spend(2 * code.length);
            return toHex(code);
          },
        };

  const proofView = async (blockHeight: bigint | null | undefined, prove: (number: number) => Promise<FuelProof>) => {
    const at = blockHeight == null ? number() : Number(blockHeight);
    const { value, siblings, other } = await prove(at);
    const { header } = await chain.block(at);
    return {
      blockHeight: at,
      stateRoot: header.stateRoot,
      certified: chain.isCertified(at),
      value: value === undefined ? null : toHex(value),
      siblings: siblings.map(toHex),
      other: other === undefined ? null : { path: toHex(other.path), value: toHex(other.value) },
    };
  };

  return {
    contract: async ({ id }: { id: Hex }, context: Context) =>
      codeView(id, await chain.read({ kind: "contract", number: number(), contractId: id }), context),
    contractBalance: async ({ contract, asset }: { contract: Hex; asset: Hex }) => ({
      contract,
      assetId: asset,
      amount: await chain.read({ kind: "contractBalance", number: number(), contractId: contract, assetId: asset }),
    }),
    contractBalances: ({ filter: { contract }, ...page }: { filter: { contract: Hex } } & PageArgs) => {
      const at = number();
      return paginate(
        page,
        stretchOf(async (cursor, limit) => {
          const after = cursor === undefined ? {} : { after: readAsset(cursor) };
          const request = { kind: "contractBalances", number: at, contractId: contract, ...after, limit } as const;
          const { balances } = await chain.read(request);
          return balances.map((balance) => ({ cursor: balance.assetId, node: { contract, ...balance } }));
        }),
      );
    },
    contractSlots: async ({ contract, slots }: { contract: Hex; slots: readonly Hex[] }, context: Context) => {
      if (slots.length > rpcLimits.page) throw apiError("bad_input", `at most ${rpcLimits.page} slots at once`);
      const asked = { contractId: contract, slots: [...slots] };
      const values = await chain.read({ kind: "contractSlots", number: number(), ...asked });
      for (const value of values) context.spend(2 * (value?.length ?? 0));
      return values.map((value) => (value === undefined ? null : toHex(value)));
    },
    blob: async ({ id }: { id: Hex }, context: Context) =>
      codeView(id, await chain.read({ kind: "blob", number: number(), blobId: id }), context),
    coinProof: ({ utxoId, blockHeight }: { utxoId: UtxoId; blockHeight?: bigint | null }) =>
      proofView(blockHeight, (at) => chain.read({ kind: "proveCoin", number: at, utxoId })),
    contractSlotProof: (args: { contract: Hex; slot: Hex; blockHeight?: bigint | null }) =>
      proofView(args.blockHeight, (at) =>
        chain.read({ kind: "proveSlot", number: at, contractId: args.contract, slot: args.slot }),
      ),
  };
};
