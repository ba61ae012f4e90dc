import { buildSchema, getOperationAST, OperationTypeNode } from "graphql";
import { describe, expect, it } from "vitest";
import { createDocuments, weigh } from "./documents.ts";
import { documentLimits as limits } from "./limits.ts";

const schema = buildSchema(`
  type Query { node: Node! nodes(first: Int): [Node!]! receipts: [Node!]! }
  type Node { id: Int! node: Node! receipts: [Node!]! }
`);

const documents = createDocuments(schema);

const problemOf = (text: string, variables = {}): string | undefined => {
  const checked = documents.check(text);
  if ("errors" in checked) return checked.errors.map(({ message }) => message).join("\n");
  const operation = getOperationAST(checked.ast);
  if (operation?.operation !== OperationTypeNode.QUERY) throw new Error("not a query");
  return weigh(checked.ast, operation, variables);
};

describe("a GraphQL document", () => {
  it("passes when it is what a client would send", () => {
    expect(problemOf("{ node { id node { ...N } } } fragment N on Node { id }")).toBeUndefined();
  });

  it("is refused when it is no GraphQL, or none of this schema", () => {
    expect(problemOf("{ node { id ")).toMatch(/Syntax Error/);
    expect(problemOf("{ node { name } }")).toMatch(/Cannot query field "name"/);
  });

  it("is bounded in length, tokens and fields", () => {
    expect(problemOf(`{ node { id } } ${" ".repeat(limits.bytes)}`)).toMatch(/characters/);
    expect(problemOf(`{ node { id(a: [${"1 ".repeat(limits.tokens)}]) } }`)).toMatch(/tokens/);
    expect(problemOf(`{ node { ${"id ".repeat(limits.selections)} } }`)).toMatch(/more than 1024 fields/);
  });

  it("is bounded in depth, however it is written", () => {
    const nested = (depth: number) => `${"node { ".repeat(depth)} id ${"} ".repeat(depth)}`;
    expect(problemOf(`{ ${nested(limits.depth - 1)} }`)).toBeUndefined();
    expect(problemOf(`{ ${nested(limits.depth)} }`)).toMatch(/nests deeper/);
    const half = nested(limits.depth / 2).replace("id", "...N");
    expect(problemOf(`{ ${half} } fragment N on Node { ${nested(limits.depth / 2)} }`)).toMatch(/nests deeper/);
    expect(problemOf("{ node { ...N } } fragment N on Node { node { ...N } }")).toMatch(/within itself/);
  });

  it("is bounded in fields at its root: aliases multiply work", () => {
    const aliases = (count: number) => Array.from({ length: count }, (_, i) => `a${i}: node { id }`).join(" ");
    expect(problemOf(`{ ${aliases(limits.rootFields)} }`)).toBeUndefined();
    expect(problemOf(`{ ${aliases(limits.rootFields + 1)} }`)).toMatch(/fields at once/);
  });

  it("costs as much as the lists that it asks for are long", () => {
    expect(problemOf("{ nodes(first: 40000) { id id2: id } }")).toBeUndefined();
    expect(problemOf("{ nodes(first: 60000) { id id2: id } }")).toMatch(/costs more/);
    expect(problemOf("query ($n: Int) { nodes(first: $n) { id id2: id } }", { n: 60_000 })).toMatch(/costs more/);
    const lists = (depth: number) => `${"receipts { ".repeat(depth)} id ${"} ".repeat(depth)}`;
    expect(problemOf(`{ ${lists(3)} }`)).toBeUndefined();
    expect(problemOf(`{ ${lists(5)} }`)).toMatch(/costs more/);
  });

  it("costs as much as its fragments come to, and is not followed further", () => {
    const bomb = Array.from({ length: 30 }, (_, i) => `fragment F${i} on Node { ...F${i + 1} ...F${i + 1} }`);
    expect(problemOf(`{ node { ...F0 } } ${bomb.join(" ")} fragment F30 on Node { id }`)).toMatch(/costs more/);
  });

  it("is checked once", () => {
    const text = "{ node { id } }";
    expect(documents.check(text)).toBe(documents.check(text));
  });
});
