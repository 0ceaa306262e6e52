import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";
import type { BytePort } from "../simulator/byte-port.ts";
import { realClock, SkippingClock } from "../simulator/clock.ts";
import { Ether } from "../simulator/ether.ts";
import { serveEther } from "../simulator/ether-server.ts";
import { startNeighbours } from "../simulator/neighbours.ts";
import { createSimBoard, type SimBoard } from "../simulator/sim-board.ts";
import { addressText } from "./config/address.ts";
import { loadConfig } from "./config/load.ts";
import { roomKey } from "./config/room-key.ts";
import type { Address } from "./config/schema.ts";
import { DEMO_FILE } from "./files.ts";
import { readBundle } from "./link/sim-boards.ts";
import type { Log } from "./log.ts";
import { Stops } from "./stops.ts";
import { listenError } from "./web/listen-error.ts";

export interface SimOptions {
  /** Where stations connect. */
  ether: Address;
  /** 1 is real time, 10 ten times faster, 0 as fast as possible. */
  speed: number;
  /** Stations that chat in the rooms of `npm start`. */
  neighbours: number;
  /** Models of the boards to switch on. */
  boards: readonly string[];
  /** Where the serial port of the first board is offered; the next one's is on the next port, and so on. */
  serial: Address | null;
}

/**
 * The simulated channel alone, with its port and, if wanted, boards whose serial ports are on TCP: they outlive every
 * daemon that uses them as `path: tcp://host:port`. Throws RoomError `port_in_use`, `address_unusable`, `bundle_missing`.
 */
export async function runSim(options: SimOptions, log: Log): Promise<{ stop(): Promise<void> }> {
  const { ether: where, speed, serial } = options;
  // The rooms and the radio of `npm start`.
  const { config } = loadConfig([DEMO_FILE], {});
  const stops = new Stops();
  try {
    const skipping = speed === 0 ? new SkippingClock() : null;
    const clock = skipping ?? realClock(speed);
    const ether = new Ether({ clock, radio: config.radio.settings, seed: randomInt(2 ** 31) });
    skipping?.waitFor(ether);
    stops.push(() => ether.stop());
    stops.push(() => skipping?.stop());
    const server = await serveEther({ ether, host: where.host, port: where.port, speed }).catch((error) => {
      throw listenError(error, where);
    });
    stops.push(() => server.close());
    const air = { speed, join: ether.join.bind(ether) };
    log.info(`simulated ether at ${addressText({ host: where.host, port: server.port })}, speed ${speed}`);

    for (const [at, model] of options.boards.entries()) {
      const id = `${model}-${at + 1}`;
      const board = createSimBoard({ id, model, ...readBundle(model), air, seed: randomInt(2 ** 31) });
      stops.push(() => board.stop());
      if (serial === null) continue;
      const port = await offerSerial(board, { host: serial.host, port: serial.port === 0 ? 0 : serial.port + at });
      stops.push(() => port.stop());
      log.info(`board "${id}": serial port at tcp://${addressText({ host: serial.host, port: port.port })}`);
    }
    if (options.neighbours > 0) {
      const rooms = await Promise.all(
        config.rooms.map(async ({ name, psk }) => ({ name, key: await roomKey(name, psk) })),
      );
      stops.push(startNeighbours({ air, rooms, count: options.neighbours, seed: randomInt(2 ** 31) }));
    }
    return { stop: () => stops.end() };
  } catch (error) {
    await stops.end();
    throw error;
  }
}

/**
 * The board's serial port on TCP, raw bytes, for one program at a time. A new one takes the place of the old, which may be
 * dead without our knowing it.
 */
async function offerSerial(board: SimBoard, where: Address): Promise<{ port: number; stop(): Promise<void> }> {
  let dismiss = (): void => undefined;
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    dismiss();
    if (!board.plugged) {
      socket.destroy();
      return;
    }
    const port: BytePort = board.serial;
    let isUsed = true;
    const leave = (): void => {
      // Once: by the time its socket is closed, the board's port may be another program's.
      if (isUsed) port.close();
      isUsed = false;
      socket.destroy();
    };
    dismiss = leave;
    port.onData((bytes) => void socket.write(bytes));
    port.onClose(leave);
    socket.on("data", (bytes) => port.write(bytes));
    socket.on("close", leave);
  });
  await listen(server, where);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : where.port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        dismiss();
      }),
  };
}

function listen(server: Server, where: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, where)));
    server.listen(where.port, where.host, resolve);
  });
}
