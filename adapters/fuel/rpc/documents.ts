/** GraphQL documents: parsed and checked once, within bounds of size, depth and cost. */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  validate,
  visit,
} from "graphql";
import { documentLimits as limits } from "./limits.ts";

export type Document = { readonly ast: DocumentNode };

type Checked = Document | { readonly errors: readonly GraphQLError[] };

export type Documents = { check(text: string): Checked };

const refuse = (code: string, message: string): Checked => ({
  errors: [new GraphQLError(message, { extensions: { code } })],
});

const countSelections = (ast: DocumentNode): number => {
  let selections = 0;
  visit(ast, {
    enter: ({ kind }) => {
      if (kind === Kind.FIELD || kind === Kind.FRAGMENT_SPREAD || kind === Kind.INLINE_FRAGMENT) selections++;
    },
  });
  return selections;
};

export const createDocuments = (schema: GraphQLSchema): Documents => {
  /** In order of use. */
  const known = new Map<string, Document>();

  const check = (text: string): Checked => {
    if (text.length > limits.bytes) {
      return refuse("too_long", `the query has more than ${limits.bytes} characters: ask for less at once`);
    }
    let ast: DocumentNode;
    try {
      ast = parse(text, { maxTokens: limits.tokens });
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [error] };
      throw error;
    }
    if (countSelections(ast) > limits.selections) {
      return refuse("too_long", `the query has more than ${limits.selections} fields: ask for less at once`);
    }
    const errors = validate(schema, ast, undefined, { maxErrors: 10 });
    return errors.length > 0 ? { errors } : { ast };
  };

  return {
    check: (text) => {
      const found = known.get(text);
      if (found !== undefined) {
        known.delete(text);
        known.set(text, found);
        return found;
      }
      const checked = check(text);
      if ("errors" in checked) return checked;
      known.set(text, checked);
      for (const oldest of known.keys()) {
        if (known.size <= limits.cached) break;
        known.delete(oldest);
      }
      return checked;
    },
  };
};

const fragmentsOf = (ast: DocumentNode): Map<string, FragmentDefinitionNode> =>
  new Map(
    ast.definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each] as const] : [],
    ),
  );

/** Lists without a page of their own, by field; the others have one element, or as many as their page. */
const lists = new Set(["transactions", "receipts", "inputs", "outputs", "coinsToSpend", "dryRun", "resolvedOutputs"]);

/** What stands for the length of a page in arguments and variables. */
const pageOf = (value: unknown): number | undefined => (typeof value === "number" && value > 0 ? value : undefined);

type Variables = Readonly<Record<string, unknown>>;

/**
 * Depth, number of fields at the root, and cost of an operation: each field counts once for each element of the
 * lists it is in. Fragments are followed as often as they are spread, up to the caps.
 */
export const weigh = (
  ast: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): string | undefined => {
  const fragments = fragmentsOf(ast);
  let cost = 0;
  let rootFields = 0;
  let steps = 0;

  const follow = (set: SelectionSetNode, depth: number, times: number): string | undefined => {
    if (depth > limits.depth) return `the query nests deeper than ${limits.depth} levels`;
    for (const selection of set.selections) {
      if (++steps > limits.cost) return tooCostly;
      let problem: string | undefined;
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(selection.name.value);
        problem = fragment && follow(fragment.selectionSet, depth, times);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        problem = follow(selection.selectionSet, depth, times);
      } else {
        cost += times;
        if (cost > limits.cost) return tooCostly;
        if (depth === 1 && ++rootFields > limits.rootFields) {
          return `the query asks for more than ${limits.rootFields} fields at once: split it`;
        }
        if (selection.selectionSet === undefined) continue;
        let length = lists.has(selection.name.value) ? limits.listLength : 1;
        for (const { name, value } of selection.arguments ?? []) {
          if (name.value !== "first" && name.value !== "last") continue;
          const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : undefined;
          length = pageOf(value.kind === Kind.INT ? Number(value.value) : given) ?? length;
        }
        problem = follow(selection.selectionSet, depth + 1, times * length);
      }
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  return follow(operation.selectionSet, 1, 1);
};

const tooCostly = `the query costs more than ${limits.cost}: ask for fewer fields, or for shorter pages`;
