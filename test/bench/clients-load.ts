// Thousands of WebSocket clients in a process of their own, told over IPC what to do. They speak WebSocket themselves: a library
// would cost more than the server that is measured.
import { connect, type Socket } from "node:net";

/** What to do; each is answered with one message. */
export type Order =
  | { do: "connect"; port: number; clients: number; rooms: number; name: string }
  | { do: "saturate"; ms: number; window: number }
  | { do: "pace"; ms: number; perSecond: number }
  | { do: "misbehave"; how: Misdeed };

/** `slow` reads nothing from now on, `flood` posts as fast as it is let. */
export type Misdeed = "slow" | "flood";

export interface Load {
  /** Messages that reached a client. */
  deliveries: number;
  posts: number;
  seconds: number;
  /** Milliseconds from a post to its arrival at each client. */
  p50: number;
  p99: number;
}

const FLOOD_MS = 100;
const FLOOD_FRAMES = 50;
const COME_BACK_MS = 2000;
const START_MS = 20_000;
const CONNECT_AT_ONCE = 50;
/** Text and number of a message take this many characters. */
const TEXT_LENGTH = 60;
const MESSAGE_START = '{"type":"m';

class LoadClient {
  readonly name: string;
  readonly room: Room;
  private readonly port: number;
  socket: Socket | null = null;
  private rest: Buffer | null = null;
  private isUpgraded = false;
  private onReady: () => void = () => undefined;
  private ready: Promise<void> = Promise.resolve();
  onClose: () => void = () => undefined;

  constructor(port: number, name: string, room: Room) {
    this.port = port;
    this.name = name;
    this.room = room;
  }

  /** Resolves when it has joined its room. */
  enter(): Promise<void> {
    this.isUpgraded = false;
    this.rest = null;
    this.ready = new Promise((resolve) => {
      this.onReady = resolve;
    });
    const socket = connect({ host: "127.0.0.1", port: this.port, noDelay: true });
    this.socket = socket;
    socket.on("data", (data) => this.read(data));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.socket = null;
      this.onClose();
    });
    socket.write(
      "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        "Sec-WebSocket-Protocol: meshcore-room.v1\r\n\r\n",
    );
    return this.ready;
  }

  send(frame: object): void {
    this.socket?.write(clientFrame(1, Buffer.from(JSON.stringify(frame))));
  }

  private read(data: Buffer): void {
    let bytes = this.rest === null ? data : Buffer.concat([this.rest, data]);
    this.rest = null;
    if (!this.isUpgraded) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) {
        this.rest = bytes;
        return;
      }
      if (!bytes.subarray(0, 12).equals(Buffer.from("HTTP/1.1 101"))) throw new Error(bytes.toString());
      this.isUpgraded = true;
      bytes = bytes.subarray(end + 4);
      this.send({ type: "hello", name: this.name });
    }
    let at = 0;
    for (;;) {
      if (bytes.length < at + 2) break;
      const opcode = bytes[at] & 15;
      let length = bytes[at + 1];
      let start = at + 2;
      if (length === 126) {
        if (bytes.length < at + 4) break;
        length = bytes.readUInt16BE(at + 2);
        start = at + 4;
      } else if (length === 127) {
        if (bytes.length < at + 10) break;
        length = bytes.readUInt32BE(at + 6);
        start = at + 10;
      }
      if (bytes.length < start + length) break;
      at = start + length;
      if (opcode === 1) this.frame(bytes, start, at);
      else if (opcode === 9) this.socket?.write(clientFrame(10, bytes.subarray(start, at)));
    }
    if (at < bytes.length) this.rest = bytes.subarray(at);
  }

  private frame(bytes: Buffer, start: number, end: number): void {
    if (bytes.toString("latin1", start, start + MESSAGE_START.length) === MESSAGE_START) {
      this.room.arrived(bytes, start);
      return;
    }
    const frame = JSON.parse(bytes.toString("utf8", start, end)) as { type: string };
    if (frame.type === "welcome") this.send({ type: "join", room: this.room.name, limit: 0 });
    else if (frame.type === "joined") this.onReady();
    else if (frame.type === "error" && misdeed === null) throw new Error(JSON.stringify(frame));
  }
}

/** One room with its clients, and the posts that are on their way to them. */
class Room {
  readonly name: string;
  readonly clients: LoadClient[] = [];
  private readonly open = new Map<number, { atMs: number; missing: number }>();
  private turn = 0;
  private textAt = 0;
  whenAllHaveIt: () => void = () => undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Each client posts in its turn. */
  post(): void {
    const number = nextPost++;
    this.open.set(number, { atMs: performance.now(), missing: this.clients.length });
    const text = `${String(number).padStart(10, "0")} ${"x".repeat(TEXT_LENGTH)}`.slice(0, TEXT_LENGTH);
    this.clients[this.turn++ % this.clients.length].send({ type: "post", room: this.name, text, ref: number });
  }

  arrived(bytes: Buffer, start: number): void {
    // All names have the same length, so the text stands in the same place each time.
    if (this.textAt === 0) this.textAt = bytes.indexOf('"text":"', start) + 8 - start;
    const at = start + this.textAt;
    let number = 0;
    for (let i = at; i < at + 10; i++) number = number * 10 + bytes[i] - 48;
    const post = this.open.get(number);
    // Of those who flood.
    if (post === undefined) return;
    deliveries++;
    if (latencies !== null && deliveries <= latencies.length) latencies[deliveries - 1] = performance.now() - post.atMs;
    if (--post.missing > 0) return;
    this.open.delete(number);
    this.whenAllHaveIt();
  }

  isQuiet(): boolean {
    return this.open.size === 0;
  }
}

let rooms: Room[] = [];
let misdeed: Misdeed | null = null;
let nextPost = 1;
let deliveries = 0;
let latencies: Float64Array | null = null;

function clientFrame(opcode: number, payload: Buffer): Buffer {
  const isLong = payload.length > 125;
  // A mask of zeros leaves the payload as it is.
  const frame = Buffer.alloc((isLong ? 8 : 6) + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (isLong ? 126 : payload.length);
  if (isLong) frame.writeUInt16BE(payload.length, 2);
  payload.copy(frame, frame.length - payload.length);
  return frame;
}

async function connectAll(port: number, count: number, roomCount: number, name: string): Promise<void> {
  rooms = Array.from({ length: roomCount }, (_, i) => new Room(`room-${String(i).padStart(2, "0")}`));
  const all = Array.from({ length: count }, (_, i) => {
    const room = rooms[i % roomCount];
    const client = new LoadClient(port, `${name}-${String(i).padStart(5, "0")}`, room);
    room.clients.push(client);
    return client;
  });
  for (let i = 0; i < all.length; i += CONNECT_AT_ONCE) {
    await Promise.all(all.slice(i, i + CONNECT_AT_ONCE).map((client) => client.enter()));
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function load(work: () => Promise<void>, isTimed: boolean): Promise<Load> {
  deliveries = 0;
  latencies = isTimed ? new Float64Array(4_000_000) : null;
  const firstPost = nextPost;
  const startMs = performance.now();
  await work();
  const seconds = (performance.now() - startMs) / 1000;
  const found = { deliveries, posts: nextPost - firstPost, seconds };
  const giveUpMs = performance.now() + 30_000;
  while (!rooms.every((room) => room.isQuiet())) {
    if (performance.now() > giveUpMs) throw new Error("messages got lost");
    await sleep(20);
  }
  const sorted = latencies === null ? new Float64Array(1) : latencies.subarray(0, deliveries).sort();
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))];
  return { ...found, p50: at(0.5), p99: at(0.99) };
}

/** As many posts on their way as `window` in each room, all the time. */
function saturate(ms: number, window: number): Promise<Load> {
  return load(async () => {
    for (const room of rooms) {
      room.whenAllHaveIt = () => room.post();
      for (let i = 0; i < window; i++) room.post();
    }
    await sleep(ms);
    for (const room of rooms) room.whenAllHaveIt = () => undefined;
  }, false);
}

/** Posts at a steady rate, be they answered or not. */
function pace(ms: number, perSecond: number): Promise<Load> {
  return load(async () => {
    const startMs = performance.now();
    for (let n = 0; n < (ms * perSecond) / 1000; n++) {
      const waitMs = startMs + (n * 1000) / perSecond - performance.now();
      if (waitMs > 1) await sleep(waitMs);
      rooms[n % rooms.length].post();
    }
  }, true);
}

/** They begin one after the other within START_MS: all at once they would also go on in step. */
function misbehave(how: Misdeed): void {
  misdeed = how;
  const all = rooms.flatMap(({ clients }) => clients);
  for (const [i, client] of all.entries()) {
    if (how === "slow") {
      client.socket?.pause();
      continue;
    }
    const text = `I am the loudest here ${"!".repeat(40)}`;
    const post = clientFrame(1, Buffer.from(JSON.stringify({ type: "post", room: client.room.name, text })));
    const posts = Buffer.concat(Array.from({ length: FLOOD_FRAMES }, () => post));
    const flood = (): void => {
      if (client.socket !== null && client.socket.writableLength === 0) client.socket.write(posts);
    };
    setTimeout(() => setInterval(flood, FLOOD_MS), (i * START_MS) / all.length);
    client.onClose = () => setTimeout(() => void client.enter(), COME_BACK_MS);
  }
}

async function obey(order: Order): Promise<Load | null> {
  if (order.do === "connect") await connectAll(order.port, order.clients, order.rooms, order.name);
  else if (order.do === "saturate") return saturate(order.ms, order.window);
  else if (order.do === "pace") return pace(order.ms, order.perSecond);
  else if (order.do === "misbehave") misbehave(order.how);
  return null;
}

process.on("message", (order: Order) => {
  void obey(order).then((answer) => process.send?.(answer));
});
process.on("disconnect", () => process.exit());
