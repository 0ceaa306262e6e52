// One room server in a process of its own, to be killed: argv is a JSON of its settings; it takes lines of JSON and answers each.
import { createInterface } from "node:readline";
import { systemClock } from "../../../host-bridge/clock.ts";
import type { BackboneConfig } from "../../../host-bridge/config/schema.ts";
import { peerConfig, roomOf, TestServer } from "./server-bench.ts";

interface Settings {
  name: string;
  dir: string;
  port: number;
  peers: number[];
  maxHistory: number;
  backbone: BackboneConfig | null;
}
type Order =
  | { do: "post"; text: string }
  | { do: "history" }
  | { do: "clock"; jumpMs: number }
  | { do: "told" }
  | { do: "backbone" };

const { name, dir, port, peers, maxHistory, backbone } = JSON.parse(process.argv[2]) as Settings;
const server = new TestServer(name, dir, port, backbone === null ? [roomOf("Open", { maxHistory })] : []);
if (backbone !== null) {
  server.settings.backbone = backbone;
  server.settings.blindHub = { maxRooms: 8, maxRoomsPerPeer: 8, maxMessages: maxHistory };
}
server.settings.peers.push(...peers.map((other) => peerConfig(`port ${other}`, other)));
if (process.env["LINES"]) {
  server.lines.push = (line) => {
    process.stderr.write(`${new Date().toISOString().slice(17)} ${name} ${line}\n`);
    return 0;
  };
}
let jumpMs = 0;
server.clock = { ...systemClock, unixMs: () => Date.now() + jumpMs };
await server.start();
console.log(JSON.stringify({ ready: true }));

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  let answer: object;
  if (order.do === "post") answer = { guid: await server.post(order.text, "Open", name) };
  else if (order.do === "history") answer = { history: server.history() };
  else if (order.do === "told") answer = { told: server.told.map(({ guid }) => guid) };
  else if (order.do === "backbone") answer = { backbone: server.federation.backbone() };
  else {
    jumpMs = order.jumpMs;
    answer = {};
  }
  console.log(JSON.stringify(answer));
}
