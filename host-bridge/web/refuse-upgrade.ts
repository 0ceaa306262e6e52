import type { Duplex } from "node:stream";

/** Answers an upgrade request with a plain HTTP status; `headers` are whole lines. */
export function refuseUpgrade(socket: Duplex, status: string, headers = ""): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n${headers}\r\n`);
}
