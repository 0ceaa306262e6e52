// A simulated board on a pseudo terminal, and flash.sh's command line beside it.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "../../../host-bridge/files.ts";
import { type FlashIo, flashMain } from "../../../host-bridge/flash/main.ts";
import type { PortInfo } from "../../../host-bridge/flash/ports.ts";
import type { Firmware } from "../../../host-bridge/flash/run.ts";
import type { Tools } from "../../../host-bridge/flash/tools.ts";
import { realClock } from "../../../simulator/clock.ts";
import { Ether } from "../../../simulator/ether.ts";
import { createSimBoard, type SimBoard } from "../../../simulator/sim-board.ts";
import { Pty } from "./pty.ts";

const RADIO = { freqHz: 869618000, bwHz: 62500, sf: 8, cr: 8, powerDbm: 22 };

export function firmware(model: string): Firmware {
  const read = (name: string): string =>
    readFileSync(join(import.meta.dirname, "../../../dist/firmware", name), "latin1");
  const code = read(`${model}.js`);
  const sha256 = createHash("sha256").update(code, "latin1").digest("hex");
  return { code, library: read(`${model}.lib`), sha256, version: VERSION };
}

/** No tool is there, no drive, no port; `overrides` say what is. */
export function fakeIo(
  overrides: Omit<Partial<FlashIo>, "tools"> & { tools?: Partial<Tools> } = {},
): FlashIo & { text: string; errors: string } {
  const io = {
    text: "",
    errors: "",
    out: (text: string) => void (io.text += text),
    err: (text: string) => void (io.errors += text),
    env: {},
    defaultFiles: [],
    isTty: false,
    onHangup: () => undefined,
    interrupted: () => new Promise<void>(() => undefined),
    listPorts: async (): Promise<PortInfo[]> => [],
    confirm: null,
    firmware,
    ...overrides,
    tools: {
      find: () => null,
      run: async () => -1,
      drives: () => [],
      copy: () => undefined,
      touch: async () => undefined,
      pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 300))),
      ...overrides.tools,
    },
  };
  return io;
}

export class FlashBench {
  readonly files = new Map<string, string>();
  board: SimBoard;
  isOn = true;
  readonly model: string;
  /** Everything that went to the board. */
  toBoard = "";
  private pty: Pty | null = null;
  private onBytes: () => void = () => undefined;

  constructor(model: string) {
    this.model = model;
    this.board = this.make(model);
  }

  private make(model: string): SimBoard {
    const clock = realClock();
    const ether = new Ether({ clock, radio: RADIO });
    const air = { speed: 1, join: (station: Parameters<Ether["join"]>[0]) => ether.join(station) };
    return createSimBoard({ id: "bench", model, source: "", air, files: this.files, clock, seed: 3 });
  }

  /** Another engine is on the board: it comes back at another port. */
  becomes(model: string): void {
    const { pty } = this;
    this.pty = null;
    void pty?.cut();
    this.board.stop();
    this.board = this.make(model);
    void this.plug();
  }

  ports(vendorId: string, productId: string): PortInfo[] {
    return this.pty === null ? [] : [{ path: this.pty.path, vendorId, productId }];
  }

  /** The port's name; plugs the board in where it is not. */
  async path(): Promise<string> {
    await this.plug();
    return (this.pty as Pty).path;
  }

  /** Runs flash.sh --board MODEL --port PTY with more arguments; a later --board wins. */
  async flash(
    args: string[] = [],
    overrides: Partial<FlashIo> = {},
    namesPort = true,
  ): Promise<{ code: number; text: string; errors: string }> {
    const port = await this.path();
    const io = fakeIo(overrides);
    const code = await flashMain(["--board", this.model, ...(namesPort ? ["--port", port] : []), ...args], io);
    return { code, text: io.text, errors: io.errors };
  }

  /** Calls `what` once, as soon as the board has been told something that `pattern` fits. */
  when(pattern: RegExp, what: () => void): void {
    this.onBytes = () => {
      if (!pattern.test(this.toBoard)) return;
      this.onBytes = () => undefined;
      what();
    };
  }

  /** Power and cable go in the same moment. */
  cut(): void {
    this.isOn = false;
    this.board.powerOff();
    void this.unplug();
  }

  powerOn(): void {
    this.isOn = true;
    this.board.powerOn();
  }

  /** The board's end goes at once: who plugs it in again need not wait for the terminal's end. */
  async unplug(): Promise<void> {
    const { pty } = this;
    this.pty = null;
    this.board.unplug();
    await pty?.cut();
  }

  private async plug(): Promise<void> {
    if (this.pty !== null) return;
    this.toBoard = "";
    this.board.plug();
    this.pty = await Pty.open(this.board.serial, {
      toBoard: (bytes) => {
        this.toBoard += bytes.toString("latin1");
        this.onBytes();
      },
    });
  }

  async stop(): Promise<void> {
    await this.unplug();
    this.board.stop();
  }
}
