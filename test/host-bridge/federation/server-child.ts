// One room server in a process of its own, to be killed: argv is a JSON of its settings; it takes lines of JSON and answers each.
// A line that begins with "+" is the GUID of a message that it tells its clients.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { systemClock } from "../../../host-bridge/clock.ts";
import type { BackboneConfig } from "../../../host-bridge/config/schema.ts";
import type { Federation } from "../../../host-bridge/federation/federation.ts";
import { post } from "../room/rooms-bench.ts";
import { peerConfig, roomOf, TestServer } from "./server-bench.ts";

export interface ChildSettings {
  name: string;
  dir: string;
  port: number;
  peers: { host: string; port: number }[];
  maxHistory: number;
  backbone: BackboneConfig | null;
}
export type Order =
  | { do: "post"; text: string; count: number }
  | { do: "history" | "digest" | "lines" | "backbone" }
  | { do: "clock"; jumpMs: number };
export interface Answers {
  /** What was acknowledged, and why the others were not. */
  post: { posted: { guid: string; timestamp: number }[]; refused: string[] };
  history: { history: string[] };
  digest: { digest: string; count: number };
  lines: { lines: string[] };
  clock: object;
  backbone: { backbone: ReturnType<Federation["backbone"]> };
}

const { name, dir, port, peers, maxHistory, backbone } = JSON.parse(process.argv[2]) as ChildSettings;
const server = new TestServer(name, dir, port, backbone === null ? [roomOf("Open", { maxHistory })] : []);
if (backbone !== null) {
  server.settings.backbone = backbone;
  server.settings.blindHub = { maxRooms: 8, maxRoomsPerPeer: 8, maxMessages: maxHistory };
}
server.settings.peers.push(
  ...peers.map((address) => ({ ...peerConfig(`${address.host} ${address.port}`, address.port), address })),
);
if (process.env["LINES"]) {
  const keep = server.lines.push.bind(server.lines);
  server.lines.push = (line) => {
    process.stderr.write(`${new Date().toISOString().slice(17)} ${name} ${line}\n`);
    return keep(line);
  };
}
let jumpMs = 0;
server.clock = { ...systemClock, unixMs: () => Date.now() + jumpMs };
await server.start();
const tell = ({ guid }: { guid: string }): void => console.log(`+${guid}`);
server.told.forEach(tell);
server.events.on("message", tell);
console.log(JSON.stringify({ ready: true }));

async function postAll(text: string, count: number): Promise<Answers["post"]> {
  const answer: Answers["post"] = { posted: [], refused: [] };
  for (let i = 0; i < count; i++) {
    const outcome = await post(server.rooms, server.room(), name, count === 1 ? text : `${text}.${i}`);
    if (outcome.ok) answer.posted.push({ guid: outcome.message.guid, timestamp: outcome.message.timestamp });
    else answer.refused.push(outcome.error.code);
  }
  return answer;
}

async function obey(order: Order): Promise<Answers[Order["do"]]> {
  switch (order.do) {
    case "post":
      return postAll(order.text, order.count);
    case "history":
      return { history: server.history() };
    case "digest": {
      const history = server.history();
      return { digest: createHash("sha256").update(history.join("\n")).digest("hex"), count: history.length };
    }
    case "lines":
      return { lines: server.lines };
    case "backbone":
      return { backbone: server.federation.backbone() };
    case "clock":
      jumpMs = order.jumpMs;
      return {};
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await obey(JSON.parse(line) as Order)));
}
