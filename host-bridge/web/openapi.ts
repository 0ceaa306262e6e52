import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { VERSION } from "../files.ts";
import type { Route } from "./route.ts";
import { problem } from "./shapes.ts";

/** The OpenAPI document of these routes, from the schemas that check the requests. */
export function openApiDocument(routes: readonly Route[]): object {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const entry = (paths[route.path] ??= {});
    entry[route.method.toLowerCase() as Lowercase<Route["method"]>] = operation(route);
  }
  return createDocument({
    openapi: "3.1.0",
    info: { title: "MeshCore Room", version: VERSION, description: ABOUT },
    paths,
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  });
}

const ABOUT =
  "Rooms of a MeshCore room server. Where the server wants a token, it goes into the header Authorization: Bearer mcr_... " +
  "A room that you may not see is answered like one that is not there.";

const failure = { description: "What went wrong", content: { "application/json": { schema: problem } } };

function operation(route: Route): ZodOpenApiOperationObject {
  const { method, path, access, summary, params, query, body, response, contentType, status = 200 } = route;
  const name = path.replace(/[^A-Za-z0-9]+(.)?/g, (_all, next?: string) => next?.toUpperCase() ?? "");
  const content =
    contentType !== undefined
      ? { [contentType.split(";")[0]]: { schema: { type: "string" as const } } }
      : response !== undefined
        ? { "application/json": { schema: response } }
        : undefined;
  return {
    operationId: `${method.toLowerCase()}${name === "" ? "Page" : name}`,
    summary,
    description:
      access === "open"
        ? "Open to everybody."
        : `Needs: ${access === "status" ? "a token, from another machine" : `the role ${access}`}.`,
    security: access === "open" ? [] : [{ token: [] }, {}],
    requestParams: { ...(params ? { path: params } : {}), ...(query ? { query } : {}) },
    ...(body ? { requestBody: { required: true, content: { "application/json": { schema: body } } } } : {}),
    responses: {
      [String(status) as "200"]: { description: "Done", ...(content ? { content } : {}) },
      default: failure,
    },
  };
}
