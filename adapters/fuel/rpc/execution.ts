/** Executes GraphQL requests on a schema: one answer, or a stream of them. */
import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
  subscribe,
} from "graphql";
import { LockstepError } from "../../../protocol/errors.ts";
import { createGate } from "../../http/gate.ts";
import { apiError, createContext } from "./context.ts";
import { createDocuments, weigh } from "./documents.ts";
import { rpcLimits } from "./limits.ts";
import type { GraphqlRequest } from "./request.ts";

export type Api = {
  schema: GraphQLSchema;
  /** Resolvers of the fields at the root, by name. */
  root: object;
  /** Number of the newest executed block. */
  height(): number;
};

/** A response as it goes over the wire. */
export type GraphqlResponse = {
  data?: unknown;
  errors?: readonly unknown[];
  extensions: { current_fuel_block_height: number; fuel_block_height_precondition_failed: boolean };
};

export type Execution = {
  answer(request: GraphqlRequest, signal: AbortSignal): Promise<GraphqlResponse>;
  /** Whatever is asked for; a query or a mutation has one answer. It ends when `signal` says so. */
  stream(request: GraphqlRequest, signal: AbortSignal): Promise<AsyncIterable<GraphqlResponse>>;
};

const busy = () => apiError("busy", "the server is busy with other requests: try again later");

/** What a caller may know of an error: a defect of ours stays with us. */
const shown = (error: GraphQLError): unknown => {
  const cause = error.originalError;
  if (cause === undefined || cause === null || cause instanceof GraphQLError) return error.toJSON();
  const { path } = error;
  if (!(cause instanceof LockstepError)) return { message: "internal error", path, extensions: { code: "internal" } };
  return { message: cause.message, path, extensions: { code: cause.code } };
};

type Prepared =
  | { readonly response: GraphqlResponse }
  | { readonly response?: undefined; readonly kind: OperationTypeNode; readonly args: ExecutionArgs };

export const createExecution = ({ schema, root, height }: Api): Execution => {
  const documents = createDocuments(schema);
  const gate = createGate(rpcLimits.operations, rpcLimits.waitingOperations, busy);

  const extensions = (failed = false) => ({
    current_fuel_block_height: height(),
    fuel_block_height_precondition_failed: failed,
  });
  const respond = ({ data, errors }: ExecutionResult): GraphqlResponse => ({
    ...(data === undefined ? {} : { data }),
    ...(errors === undefined ? {} : { errors: errors.map(shown) }),
    extensions: extensions(),
  });
  const refused = (...errors: readonly GraphQLError[]): GraphqlResponse => respond({ errors });

  /** The operation, ready to execute; or why it is not executed. */
  const prepare = (request: GraphqlRequest, signal: AbortSignal): Prepared => {
    const { query, operationName, variables, extensions: wishes } = request;
    const required = wishes?.required_fuel_block_height ?? 0;
    if (required > height()) {
      const message = `The required fuel block height is higher than the current block height. Required: ${required}, Current: ${height()}`;
      return { response: { errors: [{ message }], extensions: extensions(true) } };
    }
    const checked = documents.check(query);
    if ("errors" in checked) return { response: refused(...checked.errors) };
    const operation = getOperationAST(checked.ast, operationName);
    if (!operation) {
      const message = "name the operation to execute: operationName is none of the document, or there are several";
      return { response: refused(apiError("bad_input", message)) };
    }
    const problem = weigh(checked.ast, operation, variables ?? {});
    if (problem !== undefined) return { response: refused(apiError("too_costly", problem)) };
    const args = {
      schema,
      document: checked.ast,
      rootValue: root,
      contextValue: createContext(signal),
      operationName,
      variableValues: variables,
    };
    return { kind: operation.operation, args };
  };

  const run = async (args: ExecutionArgs): Promise<GraphqlResponse> => {
    try {
      return respond(await gate(async () => await execute(args)));
    } catch (error) {
      if (error instanceof GraphQLError) return refused(error);
      throw error;
    }
  };

  const follow = async function* (source: AsyncIterable<ExecutionResult>) {
    for await (const result of source) yield respond(result);
  };

  const once = async function* (response: GraphqlResponse | Promise<GraphqlResponse>) {
    yield await response;
  };

  return {
    answer: async (request, signal) => {
      const prepared = prepare(request, signal);
      if (prepared.response !== undefined) return prepared.response;
      if (prepared.kind !== OperationTypeNode.SUBSCRIPTION) return await run(prepared.args);
      return refused(apiError("bad_input", "subscriptions are served at the address that ends in -sub"));
    },
    stream: async (request, signal) => {
      const prepared = prepare(request, signal);
      if (prepared.response !== undefined) return once(prepared.response);
      if (prepared.kind !== OperationTypeNode.SUBSCRIPTION) return once(run(prepared.args));
      const source = await subscribe(prepared.args);
      return Symbol.asyncIterator in source ? follow(source) : once(respond(source));
    },
  };
};
