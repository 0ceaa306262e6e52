// The other side of the protocol by its parts, to do with them what no server does.
import { randomBytes } from "node:crypto";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import { makeCertificate } from "../../../host-bridge/federation/certificate.ts";
import { channelOf, pairKey, proofOf, roomToken } from "../../../host-bridge/federation/proof.ts";
import { ALPN } from "../../../host-bridge/federation/session.ts";
import {
  decodeBody,
  encodeFrame,
  FrameReader,
  MAX_FRAME,
  type WireMessage,
} from "../../../host-bridge/federation/wire.ts";
import type { Room } from "../../../host-bridge/room/rooms.ts";
import { until } from "../daemon-bench.ts";

export class RawPeer {
  readonly server = randomBytes(16).toString("hex");
  readonly got: WireMessage[] = [];
  isClosed = false;
  socket!: TLSSocket;
  private readonly reader = new FrameReader();

  async connect(port: number): Promise<this> {
    this.socket = connect({ port, host: "127.0.0.1", ALPNProtocols: [ALPN], rejectUnauthorized: false });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.isClosed = true;
    });
    this.socket.on("data", (chunk: Buffer) => {
      for (const body of this.reader.push(chunk, MAX_FRAME)) {
        const message = decodeBody(body);
        if (message?.name === "ping") this.send({ name: "pong", token: message.token });
        else if (message !== null) this.got.push(message);
      }
    });
    await new Promise((resolve) => this.socket.once("secureConnect", resolve));
    return this;
  }

  send(message: WireMessage): void {
    this.socket.write(encodeFrame(message));
  }

  /** The bytes of a frame, whatever they are. */
  sendBody(body: Uint8Array): void {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(body.length);
    this.socket.write(Buffer.concat([length, body]));
  }

  async next<N extends WireMessage["name"]>(name: N): Promise<Extract<WireMessage, { name: N }>> {
    await until(name, () => this.got.some((message) => message.name === name) || this.isClosed);
    const at = this.got.findIndex((message) => message.name === name);
    if (at < 0) throw new Error(`closed instead of ${name}: ${JSON.stringify(this.got)}`);
    return this.got.splice(at, 1)[0] as Extract<WireMessage, { name: N }>;
  }

  /** The code that it is sent away with. */
  async bye(): Promise<string> {
    return (await this.next("bye")).code;
  }

  hello(oldest = 1, newest = 1): void {
    this.send({ name: "hello", oldest, newest, server: this.server });
  }

  async prove(secret: string): Promise<void> {
    this.hello();
    const { server } = await this.next("hello");
    const { key } = await pairKey(secret);
    this.send({ name: "proof", mac: proofOf(key, "dial", channelOf(this.socket), this.server, server) });
  }

  /** All of the handshake; then a vector of each room that both have. */
  async enter(secret: string, rooms: Room[]): Promise<void> {
    await this.prove(secret);
    await this.next("proof");
    this.send({ name: "ready", label: "Mallory", software: "none" });
    await this.next("offers");
    const channel = channelOf(this.socket);
    const offers = rooms.map(({ key }) => ({ token: roomToken(key, "dial", channel), takes: true, gives: true }));
    this.send({ name: "offers", offers, isLast: true });
    for (const room of rooms.keys()) {
      await this.next("vector");
      this.send({ name: "vector", room, places: [], isLast: true });
    }
  }
}

/** A man in the middle with a certificate of his own, who reads everything. */
export class Middle {
  /** What the dialler has sent. */
  readonly seen: Buffer[] = [];
  private readonly server: Server;

  constructor(target: number) {
    this.server = createServer({ ...makeCertificate(), ALPNProtocols: [ALPN], minVersion: "TLSv1.3" }, (near) => {
      const far = connect({ port: target, host: "127.0.0.1", ALPNProtocols: [ALPN], rejectUnauthorized: false });
      for (const socket of [near, far]) socket.on("error", () => undefined);
      near.on("data", (chunk: Buffer) => {
        this.seen.push(chunk);
        far.write(chunk);
      });
      far.on("data", (chunk: Buffer) => near.write(chunk));
      near.on("close", () => far.destroy());
      far.on("close", () => near.destroy());
    });
  }

  async start(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(port, "127.0.0.1", resolve));
  }

  stop(): void {
    this.server.close();
  }
}
