// A small world in virtual time: boards that run the built bundles, and plain stations, on one ether.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import { GroupCipher, makeChannel } from "../../protocol/channel.ts";
import { encodeGroupText, joinSender } from "../../protocol/group-text.ts";
import { encodePacket, ROUTE_FLOOD, TYPE_GRP_TXT } from "../../protocol/packet.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { utf8Encode } from "../../protocol/utf8.ts";
import type { BytePort } from "../../simulator/byte-port.ts";
import { VirtualClock } from "../../simulator/clock.ts";
import { Ether, type EtherSeat, type Heard } from "../../simulator/ether.ts";
import type { Flash } from "../../simulator/flash.ts";
import { createSimBoard, type SimBoard } from "../../simulator/sim-board.ts";

export const RADIO = { freqHz: 869618000, bwHz: 62500, sf: 8, cr: 8, powerDbm: 22 };
/** MeshCore's #test channel. */
export const TEST_KEY = "9cd8fcf22a47333b591d96a2b848b73f";

/** The bytes of a built bundle, as they are flashed. */
export function bundle(model: string): string {
  return readFileSync(join(import.meta.dirname, "../../dist/firmware", `${model}.js`), "latin1");
}

/** Its parts, which lie beside it in the engine's storage. */
export function library(model: string): string {
  return readFileSync(join(import.meta.dirname, "../../dist/firmware", `${model}.lib`), "latin1");
}

export interface Station {
  seat: EtherSeat;
  heard: Heard[];
  send(frameHex: string): void;
}

export interface Console {
  /** Types a line and returns what the board answered to it, without the echo. */
  run(line: string): string;
  board: SimBoard;
  port: BytePort;
}

export class World {
  readonly clock = new VirtualClock();
  readonly ether: Ether;
  private readonly boards: SimBoard[] = [];

  constructor(options: { loss?: number; seed?: number } = {}) {
    this.ether = new Ether({ clock: this.clock, radio: RADIO, ...options });
  }

  /**
   * Switched on for a second. Without `adverts` it sends none by itself as long as it stays on: they would be in the way.
   * `flash`: what an earlier board of that model left in it.
   */
  board(model: string, source = bundle(model), adverts = false, flash?: Flash): Console {
    const air = { speed: 1, join: (station: Parameters<Ether["join"]>[0]) => this.ether.join(station) };
    const seed = 7 + this.boards.length;
    const board = createSimBoard({
      id: model,
      model,
      source,
      library: library(model),
      air,
      clock: this.clock,
      seed,
      flash,
    });
    this.boards.push(board);
    const port = board.serial;
    let output = "";
    port.onData((bytes) => {
      output += Buffer.from(bytes).toString("latin1");
    });
    this.clock.advance(1000);
    const room = board.globals.meshcore as { adverts: { send(): boolean } } | undefined;
    if (room && !adverts) room.adverts.send = () => false;
    const run = (line: string): string => {
      output = "";
      port.write(Buffer.from(`${line}\r`, "utf8"));
      this.clock.advance(500);
      const answer = Buffer.from(output, "latin1").toString("utf8");
      return answer.slice(answer.indexOf("\r\n") + 2).trimEnd();
    };
    return { run, board, port };
  }

  station(): Station {
    const heard: Heard[] = [];
    const seat = this.ether.join({ heard: (each) => heard.push(each) });
    return { seat, heard, send: (hex) => seat.transmit(hexToBytes(hex)) };
  }

  /** Long enough for any one frame, and for a board to deal with it. */
  wait(ms = 4000): void {
    this.clock.advance(ms);
  }

  stop(): void {
    for (const board of this.boards) board.stop();
  }
}

const cipher = new GroupCipher(softCrypto());

/** A flood GRP_TXT frame as hex, as a phone makes it. `path` is hex of one-byte hops. */
export function groupText(keyHex: string, timestamp: number, sender: string, text: string, path = ""): string {
  const plain = new Uint8Array(200);
  const length = encodeGroupText(timestamp, utf8Encode(joinSender(sender, text)), plain);
  const payload = new Uint8Array(200);
  const size = cipher.seal(makeChannel(softCrypto(), hexToBytes(keyHex)), plain, length, payload, 0);
  return bytesToHex(
    encodePacket({ route: ROUTE_FLOOD, type: TYPE_GRP_TXT, path: hexToBytes(path), payload: payload.slice(0, size) }),
  );
}
