import { createServer } from "node:http";
import { isLoopback } from "../config/address.ts";
import type { Config } from "../config/schema.ts";
import { listenError } from "../web/listen-error.ts";
import type { Status } from "../web/status.ts";

/**
 * The federation part of /status by itself, at `federation.status_port` of the address of `listen`, for this machine's
 * monitoring; others ask /status with a token. Returns the stop. Throws RoomError `port_in_use`, `address_unusable`.
 */
export async function serveStatus(
  { listen, federation }: Config,
  status: () => Status["federation"],
): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    const address = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    const path = (request.url ?? "").split("?")[0];
    const code = !isLoopback(address)
      ? 403
      : request.method !== "GET"
        ? 405
        : ["/", "/status"].includes(path)
          ? 200
          : 404;
    response.writeHead(code, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
    response.end(
      code === 200 ? JSON.stringify(status()) : JSON.stringify({ code: "not_found", message: "GET /status" }),
    );
  });
  server.headersTimeout = 5000;
  server.requestTimeout = 5000;
  const address = { host: listen.host, port: federation.statusPort };
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, address)));
    server.listen(address.port, address.host, () => resolve());
  });
  return async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}
