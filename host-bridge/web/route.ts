import type { FastifyReply } from "fastify";
import type { z } from "zod";
import type { Asker } from "../auth/asker.ts";
import type { Principal } from "../auth/principal.ts";
import type { Role } from "../auth/tokens.ts";

/**
 * Who may use a route: `open` everybody, and then it must show nothing of this server; `status` programs on this machine and
 * who has a token; else who has at least this role.
 */
export type Access = "open" | "status" | Role;

export interface Asked<P = unknown, Q = unknown, B = unknown> {
  principal: Principal;
  asker: Asker;
  params: P;
  query: Q;
  body: B;
  reply: FastifyReply;
}

/** One HTTP route: the server, the OpenAPI document and the tests all come from these rows. */
export interface Route {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `{name}` for a parameter. */
  path: string;
  access: Access;
  summary: string;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodObject;
  /** Of success. */
  status?: number;
  response?: z.ZodType;
  /** Content type of the answer where it is no JSON. */
  contentType?: string;
  handle(asked: Asked): unknown;
}

type Shape<T> = T extends z.ZodObject ? z.output<T> : undefined;
type Row<P, Q, B> = Omit<Route, "handle" | "params" | "query" | "body"> & {
  params?: P;
  query?: Q;
  body?: B;
  handle(asked: Asked<Shape<P>, Shape<Q>, Shape<B>>): unknown;
};

/** A row whose handler knows the types of what was checked. */
export function route<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodObject | undefined = undefined,
>(row: Row<P, Q, B>): Route {
  // The server checks all three by the row's own schemas before it calls the handler.
  return row as unknown as Route;
}
