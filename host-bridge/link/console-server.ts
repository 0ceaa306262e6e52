import { realpathSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { RoomError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Keeper } from "./keeper.ts";
import { typedText } from "./typed.ts";

/** First line from the program: which board is meant, by its device, its address, or its id. */
export interface ConsoleAsk {
  port: string;
}

/** First line back. Behind an `ok` come the board's bytes. */
export type ConsoleAnswer = { ok: true; board: string } | { ok: false; code: string; message: string; hint?: string };

const MAX_ASK = 4096;

/** Where the daemon that keeps its data in `dataDir` lets programs of the same user type at its boards. */
export const consoleSocket = (dataDir: string): string => join(dataDir, "console.sock");

/**
 * Offers the boards' consoles on a socket in the data directory, which only this user may enter. A daemon works without it too,
 * so what is wrong with it is logged. Returns the stop.
 */
export function serveConsoles(dataDir: string, keepers: readonly Keeper[], log: Log): () => Promise<void> {
  const path = consoleSocket(dataDir);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    serve(socket, keepers);
  });
  server.on("error", (error) => log.warn(`no console through the daemon: ${error.message}`));
  // Left by a daemon that was killed; a living one would have kept us out at the store's lock.
  rmSync(path, { force: true });
  server.listen(path);
  return () =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
}

function serve(socket: Socket, keepers: readonly Keeper[]): void {
  let asked = Buffer.alloc(0);
  const onAsk = (bytes: Buffer): void => {
    asked = Buffer.concat([asked, bytes]);
    const end = asked.indexOf(10);
    if (end < 0 && asked.length <= MAX_ASK) return;
    socket.off("data", onAsk);
    const answer = (value: ConsoleAnswer): void => void socket.write(`${JSON.stringify(value)}\n`);
    try {
      const keeper = find(keepers, (JSON.parse(asked.toString("utf8", 0, end)) as ConsoleAsk).port);
      const seat = keeper.console(
        (text) => void socket.write(text, "latin1"),
        () => socket.end(),
      );
      answer({ ok: true, board: keeper.id });
      socket.on("data", (typed) => seat.type(typedText(typed)));
      socket.on("close", () => seat.leave());
    } catch (error) {
      const { code, message, hint } =
        error instanceof RoomError ? error : { code: "bad_request", message: "no board was named", hint: undefined };
      answer({ ok: false, code, message, ...(hint === undefined ? {} : { hint }) });
      socket.end();
    }
  };
  socket.on("data", onAsk);
}

function find(keepers: readonly Keeper[], port: string): Keeper {
  const real = realName(port);
  const keeper = keepers.find((each) => each.id === port || realName(each.status().port) === real);
  if (keeper !== undefined) return keeper;
  throw new RoomError("not_mine", `the daemon has no board at ${port}`, {
    hint: `one of ${keepers.map(({ id }) => id).join(", ")}`,
  });
}

/** The device behind a name such as /dev/serial/by-id/...; an address or a device that is not there as it is. */
function realName(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
