import fc from "fast-check";
import { expect, test } from "vitest";
import { asDomain, asRoot, type Domain, type Root, zeroRoot } from "./ids.ts";
import {
  entriesRoot,
  Payload,
  type PayloadEntry,
  type PayloadWitness,
  proveSlice,
  refuteSlice,
  type SliceProof,
} from "./payload.ts";

const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(asRoot);
const domains = fc.uniqueArray(fc.nat(40), { maxLength: 12 }).map((list) => list.sort((a, b) => a - b).map(asDomain));

/** A payload, and the leaves behind each of its entries. */
const blocks = domains.chain((list) =>
  fc.tuple(...list.map(() => fc.array(leaf, { minLength: 1, maxLength: 5 }))).map((slices) => ({
    slices: new Map(list.map((domain, i) => [domain, slices[i] as Root[]])),
    payload: list.map((domain, i): PayloadEntry => {
      const leaves = slices[i] as Root[];
      return { domain, entriesRoot: entriesRoot(leaves), count: leaves.length };
    }),
  })),
);
const anyDomain = fc.nat(41).map(asDomain);
const flipped = (node: Root) => asRoot(node.map((byte, i) => (i === 5 ? byte ^ 1 : byte)));

test("every slice is proven to be exactly what was ordered, be it present or absent", () => {
  fc.assert(
    fc.property(blocks, anyDomain, ({ payload, slices }, domain) => {
      const proof = proveSlice(payload, domain);
      const leaves = slices.get(domain) ?? [];
      expect(proof.kind).toBe(slices.has(domain) ? "present" : "absent");
      expect(refuteSlice(Payload.root(payload), domain, leaves, proof)).toBeUndefined();
    }),
  );
});

test("a slice with an entry added, missing, changed or moved is refused", () => {
  fc.assert(
    fc.property(blocks, anyDomain, leaf, fc.nat(), ({ payload, slices }, domain, other, at) => {
      const proof = proveSlice(payload, domain);
      const root = Payload.root(payload);
      const leaves = slices.get(domain) ?? [];
      const refused = (claimed: Root[]) => expect(refuteSlice(root, domain, claimed, proof)).toBe("entries");
      refused([...leaves, other]);
      refused([...leaves, zeroRoot]);
      if (leaves.length === 0) return;
      const i = at % leaves.length;
      refused(leaves.filter((_, j) => j !== i));
      refused(leaves.map((node, j) => (i === j ? flipped(node) : node)));
      const [first, second] = leaves;
      if (first === undefined || second === undefined || first.join() === second.join()) return;
      refused([second, first, ...leaves.slice(2)]);
    }),
  );
});

test("a proof under another root or for another tenant is refused", () => {
  fc.assert(
    fc.property(blocks, anyDomain, anyDomain, ({ payload, slices }, domain, other) => {
      const proof = proveSlice(payload, domain);
      const leaves = slices.get(domain) ?? [];
      expect(refuteSlice(flipped(Payload.root(payload)), domain, leaves, proof)).toBeDefined();
      if (slices.has(other) && other !== domain) {
        expect(refuteSlice(Payload.root(payload), other, leaves, proof)).toBeDefined();
        expect(refuteSlice(Payload.root(payload), other, [], proof)).toBeDefined();
      }
    }),
  );
});

const witnessesOf = (proof: SliceProof): [string, PayloadWitness][] =>
  Object.entries(proof).filter((pair): pair is [string, PayloadWitness] => typeof pair[1] === "object");

test("a proof with any part of a witness changed is refused", () => {
  fc.assert(
    fc.property(blocks, anyDomain, fc.nat(), ({ payload, slices }, domain, at) => {
      const proof = proveSlice(payload, domain);
      const root = Payload.root(payload);
      const leaves = slices.get(domain) ?? [];
      for (const [name, witness] of witnessesOf(proof)) {
        const { index, entry, branch } = witness;
        const i = at % branch.length;
        const changes: PayloadWitness[] = [
          { ...witness, index: index + 1 },
          { ...witness, index: index - 1 },
          { ...witness, index: index + 0.5 },
          { ...witness, index: index + 1024 },
          { ...witness, entry: { ...entry, count: entry.count + 1 } },
          { ...witness, entry: { ...entry, entriesRoot: flipped(entry.entriesRoot) } },
          { ...witness, branch: branch.map((node, j) => (i === j ? flipped(node) : node)) },
          { ...witness, branch: branch.slice(1) },
          { ...witness, branch: [...branch, zeroRoot] },
          { ...witness, branch: [] },
        ];
        for (const changed of changes) {
          const tampered = { ...proof, [name]: changed } as SliceProof;
          expect(refuteSlice(root, domain, leaves, tampered)).toBeDefined();
        }
      }
    }),
  );
});

test("a tenant that is there can't be shown absent, by any two true witnesses", () => {
  fc.assert(
    fc.property(blocks, ({ payload, slices }) => {
      const root = Payload.root(payload);
      const witnesses = payload.map(({ domain }) => {
        const proof = proveSlice(payload, domain);
        return proof.kind === "present" ? proof.witness : undefined;
      });
      const sides = [undefined, ...witnesses];
      for (const domain of slices.keys()) {
        for (const before of sides) {
          for (const after of sides) {
            const proof: SliceProof = {
              kind: "absent",
              ...(before === undefined ? {} : { before }),
              ...(after === undefined ? {} : { after }),
            };
            expect(refuteSlice(root, domain, [], proof)).toBeDefined();
          }
        }
      }
    }),
    { numRuns: 30 },
  );
});

test("an absence shown with neighbours that are none is refused", () => {
  const entry = (domain: number): PayloadEntry => ({
    domain: asDomain(domain),
    entriesRoot: entriesRoot([zeroRoot]),
    count: 1,
  });
  const payload = [entry(1), entry(5), entry(9)];
  const root = Payload.root(payload);
  const at = (domain: Domain) => {
    const proof = proveSlice(payload, domain);
    if (proof.kind !== "present") throw new Error(`${domain} is absent`);
    return proof.witness;
  };
  const [one, five, nine] = [at(asDomain(1)), at(asDomain(5)), at(asDomain(9))];
  const refuses = (domain: number, proof: SliceProof) => refuteSlice(root, asDomain(domain), [], proof);
  expect(refuses(3, { kind: "absent", before: one, after: five })).toBeUndefined();
  expect(refuses(3, { kind: "absent", before: one, after: nine })).toBe("not_neighbours");
  expect(refuses(3, { kind: "absent", before: one })).toBe("not_neighbours");
  expect(refuses(3, { kind: "absent", after: five })).toBe("not_neighbours");
  expect(refuses(3, { kind: "absent" })).toBe("not_neighbours");
  expect(refuses(5, { kind: "absent", before: one, after: nine })).toBe("not_neighbours");
  expect(refuses(10, { kind: "absent", before: nine })).toBeUndefined();
  expect(refuses(10, { kind: "absent", before: five })).toBe("not_neighbours");
  expect(refuses(0, { kind: "absent", after: one })).toBeUndefined();
  expect(refuses(0, { kind: "absent", after: five })).toBe("not_neighbours");
});

test("a count that is not that of the leaves is refused", () => {
  const leaves = [zeroRoot, zeroRoot];
  const payload: PayloadEntry[] = [{ domain: asDomain(1), entriesRoot: entriesRoot(leaves), count: 3 }];
  const proof = proveSlice(payload, asDomain(1));
  expect(refuteSlice(Payload.root(payload), asDomain(1), leaves, proof)).toBe("entries");
});
