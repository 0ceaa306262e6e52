// The stranger: a process of its own, in a network of its own where that can be had. Does what it is told on standard input
// and writes down all that it gets to see.
import { text } from "node:stream/consumers";
import { WebSocket } from "ws";

export interface Task {
  url: string;
  requests: { method: string; path: string; headers: Record<string, string>; body?: string }[];
  /** Each a connection and the frames it sends, one after the other. */
  talks: { headers: Record<string, string>; frames: unknown[] }[];
}

export interface Seen {
  requests: { status: number; headers: string; body: string }[];
  talks: { status: number; frames: string[]; code: number }[];
}

const WAIT_MS = 400;

async function talk(url: string, { headers, frames }: Task["talks"][number]): Promise<Seen["talks"][number]> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, ["meshcore-room.v1"], { headers });
  const got: string[] = [];
  let [status, code] = [0, 0];
  socket.on("message", (data) => got.push(String(data)));
  socket.on("unexpected-response", (_request, response) => {
    status = response.statusCode ?? 0;
    socket.terminate();
  });
  const closed = new Promise<void>((resolve) => {
    socket.on("close", (number) => {
      code = number;
      resolve();
    });
  });
  socket.on("error", () => undefined);
  socket.on("open", () => {
    for (const frame of frames) socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  });
  const late = new Promise<void>((resolve) => setTimeout(resolve, WAIT_MS));
  await Promise.race([closed, late]);
  socket.terminate();
  return { status, frames: got, code };
}

const task = JSON.parse(await text(process.stdin)) as Task;
const seen: Seen = { requests: [], talks: [] };
for (const { method, path, headers, body } of task.requests) {
  const init = body === undefined ? { method, headers } : { method, headers, body };
  const answer = await fetch(task.url + path, init);
  const shown = JSON.stringify([...answer.headers].filter(([name]) => name !== "date"));
  seen.requests.push({ status: answer.status, headers: shown, body: await answer.text() });
}
seen.talks = await Promise.all(task.talks.map((one) => talk(task.url, one)));
process.stdout.write(JSON.stringify(seen));
