import assert from "node:assert/strict";
import { BOARDS } from "../../../boards/all.ts";
import type { Board } from "../../../boards/board.ts";
import { RoomError } from "../../../host-bridge/errors.ts";
import { findPort, type PortInfo } from "../../../host-bridge/flash/ports.ts";

const RAK = BOARDS.find(({ id }) => id === "rak4631") as Board;
const ours: PortInfo = { path: "/dev/ttyACM1", vendorId: "239A", productId: "8029", manufacturer: "RAKwireless" };
const modem: PortInfo = { path: "/dev/ttyUSB0", vendorId: "0403", productId: "6001" };
const plain: PortInfo = { path: "/dev/ttyS0" };

const failure = (ports: PortInfo[]): RoomError => {
  try {
    findPort(RAK, ports);
  } catch (error) {
    assert.ok(error instanceof RoomError);
    return error;
  }
  throw new Error("a port was found");
};

describe("flash: the port", () => {
  it("is the one with the board's USB id, in whatever case the system writes it", () => {
    assert.equal(findPort(RAK, [plain, modem, ours]), "/dev/ttyACM1");
    assert.equal(findPort(RAK, [{ ...ours, vendorId: "1915", productId: "520f" }]), "/dev/ttyACM1");
  });

  it("several candidates are named, and --port is asked for", () => {
    const error = failure([ours, { ...ours, path: "/dev/ttyACM2", serialNumber: "77" }]);
    assert.equal(error.code, "many_ports");
    assert.match(error.found ?? "", /\/dev\/ttyACM1 \(239a:8029, RAKwireless\), \/dev\/ttyACM2 \(.*serial 77\)/);
    assert.match(error.hint ?? "", /--port \/dev\/ttyACM1/);
  });

  it("where there is none, the ids that were looked for and the ports that are there are said", () => {
    const error = failure([plain, modem]);
    assert.equal(error.code, "no_port");
    for (const id of RAK.usbIds) assert.ok(error.expected?.includes(id), id);
    assert.match(error.found ?? "", /only \/dev\/ttyUSB0 \(0403:6001\)/);
    assert.match(failure([plain]).found ?? "", /no USB serial port at all/);
  });
});
