// Which serial port the board is at.
import type { Board } from "../../boards/board.ts";
import { RoomError } from "../errors.ts";

/** A serial port as the operating system lists it; ids are hex digits without 0x. */
export interface PortInfo {
  path: string;
  vendorId?: string;
  productId?: string;
  manufacturer?: string;
  serialNumber?: string;
}

/** Every serial port of this machine. */
export async function listPorts(): Promise<PortInfo[]> {
  const { SerialPort } = await import("serialport");
  return SerialPort.list();
}

/** The ports whose USB id is one of the board's. */
export function candidates(board: Board, ports: readonly PortInfo[]): PortInfo[] {
  return ports.filter((port) => board.usbIds.includes(usbId(port)));
}

/** The one port that may be the board. Throws RoomError `no_port` and `many_ports`, which say what to do. */
export function findPort(board: Board, ports: readonly PortInfo[]): string {
  const found = candidates(board, ports);
  if (found.length === 1) return found[0].path;
  if (found.length > 1) {
    const list = found.map(describePort).join(", ");
    throw new RoomError("many_ports", `several ports may be this ${board.label}`, {
      found: list,
      hint: `--port ${found[0].path}, or unplug the others`,
    });
  }
  const others = ports.filter((port) => usbId(port) !== ":").map(describePort);
  throw new RoomError("no_port", `no ${board.label} is plugged in`, {
    expected: `a USB device ${board.usbIds.join(" or ")}`,
    found: others.length === 0 ? "no USB serial port at all" : `only ${others.join(", ")}`,
    hint: "plug the board in with a cable that carries data (press RST once where it does not show), or name it with --port",
  });
}

/** `/dev/ttyACM0 (239a:8029, RAKwireless, serial 12AB)` */
function describePort(port: PortInfo): string {
  const about = [usbId(port), port.manufacturer, port.serialNumber && `serial ${port.serialNumber}`];
  return `${port.path} (${about.filter((part) => part).join(", ")})`;
}

function usbId(port: PortInfo): string {
  return `${port.vendorId ?? ""}:${port.productId ?? ""}`.toLowerCase();
}
