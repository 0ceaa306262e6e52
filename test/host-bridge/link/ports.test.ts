import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, type Server, type Socket } from "node:net";
import type { SerialBoardConfig } from "../../../host-bridge/config/schema.ts";
import { RoomError } from "../../../host-bridge/errors.ts";
import { serialSource } from "../../../host-bridge/link/ports.ts";
import { hasPython, Pty } from "../flash/pty.ts";

const config = (path: string): SerialBoardConfig => ({ type: "serial", id: "b1", path, baud: 115_200 });

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof RoomError, String(error));
  assert.equal(error.code, expected);
  return true;
};

const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);

describe("ports: tcp", () => {
  let server: Server;
  let peer: Promise<Socket>;
  let path: string;

  beforeEach(async () => {
    server = createServer();
    peer = new Promise((resolve) => server.once("connection", resolve));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    path = `tcp://127.0.0.1:${(server.address() as { port: number }).port}`;
  });

  afterEach(() => server.close());

  it("carries every byte both ways", async () => {
    const port = await serialSource(config(path)).open();
    const other = await peer;
    const got = new Promise<Buffer>((resolve) => other.once("data", resolve));
    port.write(everyByte);
    assert.deepEqual(new Uint8Array(await got), everyByte);
    const back = new Promise<Uint8Array>((resolve) => port.onData(resolve));
    other.write(everyByte);
    assert.deepEqual(new Uint8Array(await back), everyByte);
    port.close();
  });

  it("says when the other side has gone", async () => {
    const port = await serialSource(config(path)).open();
    const closed = new Promise<string>((resolve) => port.onClose(resolve));
    (await peer).end();
    assert.match(await closed, /closed/);
    port.write(everyByte);
  });

  it("closes so that the other side sees it", async () => {
    const port = await serialSource(config(path)).open();
    const other = await peer;
    const closed = new Promise((resolve) => other.once("close", resolve));
    other.resume();
    port.close();
    await closed;
  });

  it("calls a board missing when nobody answers", async () => {
    server.close();
    await assert.rejects(serialSource(config(path)).open(), code("board_missing"));
  });
});

/** A pseudo terminal: prints its name, waits for a byte, answers with every byte, and is pulled out. */
const PTY = `
import os, pty, tty
master, slave = pty.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
os.read(master, 1)
os.write(master, bytes(range(256)))
import time; time.sleep(0.3)
os.close(slave); os.close(master)
`;

describe("ports: serial", () => {
  it("finds a board by its USB serial number when it comes back under another name", async () => {
    const port = { write: () => undefined, onData: () => undefined, onClose: () => undefined, close: () => undefined };
    // A device that is there on every machine stands for the first port.
    let ports = [{ path: "/dev/null", serialNumber: "A1B2C3D4" }];
    const opened: string[] = [];
    const openAt = async (path: string) => {
      opened.push(path);
      if (!ports.some((each) => each.path === path)) throw new RoomError("board_missing", `${path} is not there`);
      return port;
    };
    const source = serialSource(config("/dev/null"), async () => ports, openAt);
    await source.open();
    ports = [{ path: "/dev/ttyACM8", serialNumber: "OTHER123" }];
    await assert.rejects(source.open(), code("board_missing"));
    ports.push({ path: "/dev/ttyACM9", serialNumber: "A1B2C3D4" });
    await source.open();
    assert.equal(source.place(), "/dev/ttyACM9");
    assert.ok(!opened.includes("/dev/ttyACM8"), "nobody else's port is touched");
  });

  it("calls a board missing whose device is not there", async () => {
    await assert.rejects(serialSource(config("/dev/no-such-board")).open(), code("board_missing"));
  });

  it("carries every byte, keeps others out, and notices the pull", async function () {
    const child = spawn("python3", ["-c", PTY], { stdio: ["ignore", "pipe", "inherit"] });
    const name = await new Promise<string | null>((resolve) => {
      child.on("error", () => resolve(null));
      child.stdout.once("data", (data: Buffer) => resolve(data.toString().trim()));
    });
    if (name === null) {
      console.log("      python3 not found: no pseudo terminal to try the serial port on");
      return this.skip();
    }
    const source = serialSource(config(name));
    const port = await source.open();
    const got: number[] = [];
    port.onData((bytes) => void got.push(...bytes));
    const closed = new Promise<string>((resolve) => port.onClose(resolve));
    await assert.rejects(source.open(), code("board_busy"));
    port.write(Uint8Array.of(0x11));
    assert.match(await closed, /has gone/);
    assert.deepEqual(got, [...everyByte]);
  });

  // It is then read once more, which gives nothing; reading on for that would never end.
  it("notices a pull while nobody waits for bytes", async function () {
    if (!hasPython) {
      console.log("      python3 not found: no pseudo terminal to try the serial port on");
      return this.skip();
    }
    const pty = await Pty.open({
      onData: () => undefined,
      onClose: () => undefined,
      write: () => undefined,
      close: () => undefined,
    });
    const port = await serialSource(config(pty.path)).open();
    const closed = new Promise<string>((resolve) => port.onClose(resolve));
    await pty.cut();
    port.onData(() => undefined);
    assert.match(await closed, /has gone/);
  });
});
