// The plain alternative to the daemon's WebSocket side, in a process of its own: the broadcast of the `ws` package's README,
// with rooms. Nobody is checked, nothing is stored. Prints its URL.
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

interface Frame {
  type: "hello" | "join" | "post";
  name: string;
  room: string;
  text: string;
  ref: unknown;
}

const rooms = new Map<string, Set<WebSocket>>();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("connection", (socket) => {
  let sender = "";
  socket.on("message", (data) => {
    const { type, name, room, text, ref } = JSON.parse(String(data)) as Frame;
    const members = rooms.get(room) ?? new Set<WebSocket>();
    if (type === "hello") {
      sender = name;
      socket.send(JSON.stringify({ type: "welcome" }));
    } else if (type === "join") {
      rooms.set(room, members.add(socket));
      socket.send(JSON.stringify({ type: "joined", room, history: [] }));
    } else {
      const guid = randomUUID();
      socket.send(JSON.stringify({ type: "posted", ref, guid }));
      const timestamp = Math.floor(Date.now() / 1000);
      const fields = { origin: "bench", via: "client", rssi: null, snr: null, hops: null };
      const message = Buffer.from(JSON.stringify({ type: "message", room, guid, sender, text, timestamp, ...fields }));
      for (const member of members) member.send(message, { binary: false });
    }
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    for (const members of rooms.values()) members.delete(socket);
  });
});
server.on("listening", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
