import { describe, expect, it } from "vitest";
import { createBlst, createSigner, generateSecretKey } from "../../consensus/certificate/blst.ts";
import { createWorld } from "../../consensus/simulator/world.ts";
import { Cannot } from "../../protocol/cannot.ts";
import { asDomain, asEpoch, asHeight, asRevision, asRoot, asValidatorIndex } from "../../protocol/ids.ts";
import { type CannotBoard, createCannotBoard } from "./cannot.ts";
import { attestationLimits } from "./limits.ts";

const genesis = asRoot(new Uint8Array(32).fill(7));
const [evm, unknown] = [asDomain(31337), asDomain(99)];
const index = asValidatorIndex;

/** Boards of three validators that hear each other. */
const setUp = (seed: number) => {
  const world = createWorld({ seed, nodes: 3 });
  const signers = [0, 1, 2].map(() => createSigner(generateSecretKey(world.random.bytes(32))));
  const tenants = new Set([evm]);
  const members = signers.map(({ publicKey }) => ({ publicKey, weight: 1 }));
  const boards = signers.map((signer, at): CannotBoard => {
    world.restart(index(at), async () => {});
    const network = world.network(index(at));
    const board = createCannotBoard({
      genesis,
      epochLength: 100,
      self: index(at),
      signer,
      bls: createBlst(),
      network,
      runtime: world.runtime(index(at)),
      tenants,
      revisionAt: () => asRevision(0),
      validatorsOf: () => ({ genesis, epoch: asEpoch(0), members }),
      finalized: () => asHeight(10),
      fatal: (error) => {
        throw error;
      },
    });
    network.listen("attestation", (from, message) => board.receive(from, message.slice(1)));
    return board;
  });
  const board = (at: number): CannotBoard => boards[at] as CannotBoard;
  const said = (at: number) =>
    board(at)
      .all()
      .map(({ signer, domain, height }) => [signer, domain, height]);
  const send = (from: number, cannot: Cannot): void =>
    world.network(index(from)).broadcast("attestation", Uint8Array.of(2, ...Cannot.encode(cannot)));
  const takesALook = async (): Promise<void> => {
    await world.run(200);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { world, board, said, send, takesALook, tenants };
};

describe("who can't execute a tenant", () => {
  it("says so to all others, the newest word counts, and silence takes nothing back", async () => {
    const { board, said, takesALook } = setUp(1);
    board(0).publish(new Map([[evm, asHeight(5)]]));
    await takesALook();
    board(0).publish(new Map([[evm, asHeight(7)]]));
    await takesALook();
    board(0).publish(new Map());
    await takesALook();
    expect(said(0)).toEqual([]);
    for (const at of [1, 2]) expect(said(at)).toEqual([[0, evm, 7]]);
  });

  it("is heard of a tenant that came after the start, and of no other", async () => {
    const { board, said, takesALook, tenants } = setUp(5);
    const say = async (): Promise<void> => {
      board(0).publish(new Map([[unknown, asHeight(5)]]));
      await takesALook();
    };
    await say();
    expect(said(1)).toEqual([]);
    tenants.add(unknown);
    await say();
    expect(said(1)).toEqual([[0, unknown, 5]]);
  });

  it("takes it back with an attestation to that height, not with one below", async () => {
    const { board, said, takesALook } = setUp(2);
    board(0).publish(new Map([[evm, asHeight(5)]]));
    await takesALook();
    board(1).attested(index(0), asHeight(4));
    board(1).attested(index(2), asHeight(9));
    expect(said(1)).toEqual([[0, evm, 5]]);
    board(1).attested(index(0), asHeight(5));
    expect(said(1)).toEqual([]);
  });

  it("is heard in the end though a message was lost", async () => {
    const { world, board, said, takesALook } = setUp(3);
    world.partition([index(0)], [index(1), index(2)]);
    board(0).publish(new Map([[evm, asHeight(5)]]));
    await takesALook();
    expect(said(1)).toEqual([]);
    world.heal();
    await world.run(attestationLimits.cannotMs);
    await takesALook();
    expect(said(1)).toEqual([[0, evm, 5]]);
  });

  it("can't be said by another, without a signature, of no tenant or of heights that nobody has seen", async () => {
    const { world, board, said, send, takesALook } = setUp(4);
    board(0).publish(new Map([[evm, asHeight(5)]]));
    const [own] = board(0).all();
    if (own === undefined) throw new Error("it said nothing");
    await takesALook();
    board(1).attested(index(0), asHeight(5));
    board(2).attested(index(0), asHeight(5));
    send(2, own);
    send(0, { ...own, height: asHeight(6) });
    send(0, { ...own, revision: asRevision(1) });
    send(0, { ...own, epoch: asEpoch(1) });
    board(0).publish(new Map([[unknown, asHeight(5)]]));
    await takesALook();
    board(0).publish(new Map([[evm, asHeight(10 + attestationLimits.cannotHeights + 1)]]));
    await takesALook();
    expect([said(1), said(2)]).toEqual([[], []]);
    expect(new Set(world.penalties.map(({ by, peer }) => `${by} ${peer}`))).toEqual(
      new Set(["0 2", "1 2", "1 0", "2 0"]),
    );
  });
});
