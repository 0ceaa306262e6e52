import { realpathSync } from "node:fs";
import { createConnection } from "node:net";
import type { BytePort } from "../../simulator/byte-port.ts";
import { addressText, parseAddress } from "../config/address.ts";
import type { Address, BoardConfig, KissBoardConfig, SerialBoardConfig } from "../config/schema.ts";
import { RoomError } from "../errors.ts";
import { listPorts } from "../flash/ports.ts";
import { noticeHangUp } from "./hang-up.ts";

/** Where a board's bytes come from: opened again and again, as the board comes and goes. */
export interface PortSource {
  /** The configured id of the board. */
  id: string;
  type: BoardConfig["type"];
  /** The board's model where the configuration says it, else "". */
  model: string;
  /** Throws RoomError `board_missing`, `board_busy`, `board_forbidden`, `board_unusable`. */
  open(): Promise<BytePort>;
  /** Where the board was found last, "" where that says nothing. */
  place(): string;
  /** The board that was opened last says that it is this one. */
  met?(board: string): void;
  /** Lets go of everything behind the port; no open() may follow. */
  stop(): Promise<void>;
}

const TCP = "tcp://";
const CONNECT_MS = 5000;

/** A board on a serial device, or on a serial port that another machine offers as `tcp://host:port`. */
export function serialSource(
  config: SerialBoardConfig | KissBoardConfig,
  list = listPorts,
  openAt = openSerial,
): PortSource {
  const { id, type, path, baud } = config;
  let place = path;
  /** USB serial number of the board that was at `path`. */
  let serial: string | null = null;
  const openDevice = async (): Promise<BytePort> => {
    try {
      const port = await openAt(path, baud);
      place = path;
      serial = (await serialAt(path, list)) ?? serial;
      return port;
    } catch (error) {
      if (serial === null || !(error instanceof RoomError) || error.code !== "board_missing") throw error;
      // Put back under another name: ttyACM0 has become ttyACM1, or another socket was used.
      const found = (await list().catch(() => [])).filter(({ serialNumber }) => serialNumber === serial);
      if (found.length !== 1) throw error;
      const port = await openAt(found[0].path, baud);
      place = found[0].path;
      return port;
    }
  };
  const open = (): Promise<BytePort> => {
    if (!path.startsWith(TCP)) return openDevice();
    const address = parseAddress(path.slice(TCP.length));
    if (address === null) {
      throw new RoomError("bad_config", `board "${id}": ${path} is no address`, { expected: "tcp://host:port" });
    }
    return openTcp(address);
  };
  return { id, type, model: "", open, place: () => place, stop: async () => undefined };
}

/** Some adapters all have the same short one, such as CP2102 with "0001": that names no board. */
const SHORTEST_SERIAL = 6;

async function serialAt(path: string, list: typeof listPorts): Promise<string | null> {
  try {
    const real = realpathSync(path);
    const number = (await list()).find((port) => port.path === real)?.serialNumber ?? "";
    return number.length >= SHORTEST_SERIAL ? number : null;
  } catch {
    return null; // No list of ports on this system: the path alone has to do.
  }
}

async function openSerial(path: string, baudRate: number): Promise<BytePort> {
  // Loaded only where there is a serial board: it brings a native module.
  const { SerialPort } = await import("serialport");
  // hupcl: letting the lines drop at close would reset many ESP32 boards, and with it their rings.
  const port = new SerialPort({ path, baudRate, autoOpen: false, lock: true, hupcl: false });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error === null ? resolve() : reject(serialError(path, error))));
  });
  noticeHangUp(port);
  let fault: string | null = null;
  port.on("error", (error) => {
    fault = error.message;
    if (port.isOpen) port.close();
  });
  return {
    write: (bytes) => void port.write(Buffer.from(bytes)),
    onData: (fn) => void port.on("data", fn),
    onClose: (fn) => {
      port.on("close", (error: Error | null) => {
        // What the system calls it ("bad file descriptor") helps nobody alone.
        const found = fault ?? error?.message;
        fn(found === undefined ? `${path} was closed` : `${path} has gone (${found})`);
      });
    },
    close: () => {
      if (port.isOpen) port.close();
    },
  };
}

/** The serialport package passes on the system's text, so that is what there is to tell the cases apart. */
function serialError(path: string, error: Error): RoomError {
  const found = error.message;
  if (/lock|busy|Resource temporarily unavailable/i.test(found)) {
    return new RoomError("board_busy", `${path} is in use by another program`, { found, hint: "close that program" });
  }
  if (/permission|access denied|EACCES|EPERM/i.test(found)) {
    return new RoomError("board_forbidden", `this user may not open ${path}`, {
      found,
      hint: 'add the user to the group of the device (on Debian "dialout") and log in again',
    });
  }
  if (/no such file|not found|ENOENT|ENXIO|ENODEV|No such device/i.test(found)) {
    return new RoomError("board_missing", `${path} is not there`, {
      hint: "plug the board in, or correct boards[].path",
    });
  }
  return new RoomError("board_unusable", `${path} cannot be opened`, { found, cause: error });
}

/** A serial port over TCP, raw bytes both ways. */
function openTcp(address: Address): Promise<BytePort> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: address.host, port: address.port, noDelay: true, keepAlive: true });
    const where = `${TCP}${addressText(address)}`;
    const fail = (error: Error): void => {
      socket.destroy();
      const hint = "start what offers the port, or correct boards[].path";
      reject(new RoomError("board_missing", `${where} does not answer`, { found: error.message, hint, cause: error }));
    };
    socket.setTimeout(CONNECT_MS, () => fail(new Error("timeout")));
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", fail);
      let reason = "closed by the other side";
      socket.on("error", (error) => {
        reason = error.message;
      });
      resolve({
        write: (bytes) => void socket.write(bytes),
        onData: (fn) => void socket.on("data", fn),
        onClose: (fn) => void socket.on("close", () => fn(reason)),
        close: () => void socket.destroy(),
      });
    });
  });
}
