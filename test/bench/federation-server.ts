// One room server in a process of its own: argv[2] is a JSON of its settings; it takes orders over IPC and answers each.
import { createHash } from "node:crypto";
import type { RoomMessage } from "../../host-bridge/room/message.ts";
import { peerConfig, roomOf, TestServer } from "../host-bridge/federation/server-bench.ts";
import { lateMs, monotonicMs, stamped } from "./processes.ts";

export interface ServerSettings {
  name: string;
  dir: string;
  port: number;
  /** Ports of those whom it dials. */
  peers: number[];
  maxHistory: number;
}

export type Order =
  /** Until so many peers are connected. */
  | { do: "connected"; peers: number }
  /** Stamped posts, one after the other, so many of them not yet durable; `atMs` is the first one's. */
  | { do: "post"; count: number; open: number }
  /** One stamped post every so many ms. */
  | { do: "pace"; count: number; everyMs: number }
  /** Until it was told so many messages since its start, its own posts among them. */
  | { do: "told"; count: number }
  | { do: "digest" };

export interface Answer {
  atMs: number;
  /** How long the messages of peers took that it was told since it was last asked. */
  late: number[];
  /** Of the history, as everybody must have it. */
  digest: string;
}

const { name, dir, port, peers, maxHistory } = JSON.parse(process.argv[2]) as ServerSettings;
// No board is here to take posts from the outbox.
const server = new TestServer(name, dir, port, [roomOf("Open", { maxHistory, rebroadcast: false })]);
server.settings.peers.push(...peers.map((other) => peerConfig(`port ${other}`, other)));
let told = 0;
let late: number[] = [];
let waiting: { count: number; done: () => void }[] = [];
// Counted and not kept: a hundred thousand of them would be most of its memory.
server.told.push = (message: RoomMessage): number => {
  told++;
  if (message.via === "federation") late.push(lateMs(message.text));
  const ready = waiting.filter(({ count }) => told >= count);
  if (ready.length > 0) waiting = waiting.filter(({ count }) => told < count);
  for (const { done } of ready) done();
  return told;
};

process.on("message", ({ id, order }: { id: number; order: Order }) => {
  void obey(order).then((answer) => process.send?.({ id, answer }));
});
process.on("disconnect", () => process.exit());
process.on("SIGTERM", () => void server.stop().then(() => process.exit()));
await server.start();
process.send?.({ id: 0, answer: { atMs: monotonicMs(), late, digest: "" } });

async function obey(order: Order): Promise<Answer> {
  let atMs = monotonicMs();
  let digest = "";
  switch (order.do) {
    case "connected":
      while (server.connected() < order.peers) await new Promise((resolve) => setTimeout(resolve, 5));
      atMs = monotonicMs();
      break;
    case "post":
      await postAll(order.count, order.open);
      break;
    case "pace":
      for (let i = 0; i < order.count; i++) {
        post(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, order.everyMs));
      }
      break;
    case "told":
      if (told < order.count) await new Promise<void>((done) => waiting.push({ count: order.count, done }));
      atMs = monotonicMs();
      break;
    case "digest":
      digest = createHash("sha256").update(server.history().join("\n")).digest("hex");
      break;
  }
  const answer = { atMs, late, digest };
  late = [];
  return answer;
}

function post(done: () => void): void {
  server.rooms.post(server.room(), name, stamped(), "client", (outcome) => {
    if (!outcome.ok) throw outcome.error;
    done();
  });
}

function postAll(count: number, open: number): Promise<void> {
  return new Promise((resolve) => {
    let [begun, durable] = [0, 0];
    const next = (): void => {
      begun++;
      post(() => {
        if (++durable === count) resolve();
        else if (begun < count) next();
      });
    };
    while (begun < Math.min(open, count)) next();
  });
}
