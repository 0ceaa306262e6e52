/*
 * An Espruino that is none: runs a built bundle in a context of its own, with the engine's API around it and nothing of
 * Node in it. It is there to test and to show, not to keep hostile code in.
 */
import { type Context, createContext, Script } from "node:vm";
import type { SimClock } from "./clock.ts";
import { EngineQueue } from "./engine-queue.ts";
import { type EngineEntry, type EngineHost, insideEspruino } from "./espruino-inside.ts";
import { limitToEspruino } from "./espruino-limits.ts";
import { copyIn, copyOut, nativeCrypto, nativeFlash, nativeStorage } from "./espruino-native.ts";
import { enginePrompt } from "./espruino-prompt.ts";
import { type Flash, PowerCut } from "./flash.ts";
import { Random } from "./random.ts";

/** What is soldered to the processor. Pins go by their names. */
export interface EngineHardware {
  read(pin: string): number;
  write(pin: string, level: number): void;
  /** A sentence when the engine cannot watch the pin. */
  refusesWatch(pin: string): string | undefined;
  spiSetup(bus: string, setup: SpiSetup): void;
  /** One NSS cycle. */
  spiTransfer(bus: string, data: Uint8Array, nss: string): Uint8Array;
  /** Bytes for address and register of a chip on I2C. Throws when nobody answers. */
  i2cWrite(bus: I2cSetup | undefined, address: number, bytes: readonly number[]): void;
  /** Bytes that the program writes to a serial device. */
  serialOut(device: string, bytes: Uint8Array): void;
}

export interface SpiSetup {
  sck: string;
  miso: string;
  mosi: string;
  baud: number;
  mode: number;
  order: string;
}

export interface I2cSetup {
  sda: string;
  scl: string;
}

export interface EspruinoOptions {
  clock: SimClock;
  hardware: EngineHardware;
  /** BOARD, VERSION and SERIAL of process.env. */
  env: { BOARD: string; VERSION: string; SERIAL: string };
  pins: readonly string[];
  /** Device that has the prompt after boot. */
  console: string;
  jsVars: number;
  jsVarBytes: number;
  /** False for builds without AES in their crypto module. */
  aes: boolean;
  /** Level of every analog input, 0..1; absent where the build has no analogRead. */
  analog?: number;
  /** Storage files; they outlast reboots. */
  files: Map<string, string>;
  /** Flash that the program may use by address; it outlasts reboots too. */
  flash?: Flash;
  /** Register that tells why the processor started, and what it says after power-up, a reboot and the watchdog. */
  resetCause?: {
    readonly register: number;
    readonly values: readonly [power: number, reboot: number, watchdog: number];
  };
  seed: number;
}

const DEVICES = ["USB", "Serial1", "Serial2"];
/** Events carry at most so many bytes of serial data (nRF52). */
const CHUNK = 64;
/** Room for serial data in the event queue; each event takes two bytes besides its data (nRF52). */
const QUEUE_BYTES = 1024;
const HELD_BYTES = 1 << 20;
const CONSOLE_TEXT = 1 << 16;
/** The time of a call of the engine's API: that of a quick engine, so that a driver which counts on slowness is found. */
const CALL_MS = 0.05;
const BOOT_MS = 150;
const LOAD_MS = 50;
const BOOT_FILES = [".boot0", ".boot1", ".boot2", ".boot3"];
/** JsVars that a bundle takes for each KB of its text when it runs from Storage, as measured. */
const JSVARS_PER_KB = 58;

interface Watch {
  pin: string;
  edge: string;
  debounceMs: number;
  last: number;
}

export class Espruino {
  /** What the engine printed: print, console.log and uncaught errors; the last 64 KB. */
  consoleText = "";
  /** Errors that no code of the program caught where they came up; its handler of uncaught exceptions may know of them. */
  readonly uncaught: string[] = [];
  /** Bytes from outside that found no room. */
  overruns = 0;
  private readonly options: EspruinoOptions;
  private readonly random: Random;
  private queue: EngineQueue;
  private context: Context | null = null;
  private entry: EngineEntry | null = null;
  private consoleDevice = "";
  private readonly timers = new Map<number, () => void>();
  private readonly watches = new Map<number, Watch>();
  private readonly i2c = new Map<string, I2cSetup>();
  private lastId = 0;
  private timeOffset = 0;
  private bootedAt = 0;
  private out: { device: string; text: string } | null = null;
  private held = new Map<string, Buffer[]>();
  private queuedBytes = 0;
  private rebooting = false;
  private restarting: boolean | null = null;
  /** Index in resetCause. */
  private startedBy = 0;
  private flags: string[] = [];
  private isCut = false;
  /** Called when the power went in the middle of something. */
  onPowerCut: () => void = () => undefined;
  /** Files that the program itself wrote to the engine's storage. */
  storageWrites = 0;
  private dogBit = false;
  private watchdog: { deadline: number; ms: number; auto: boolean } | null = null;
  private cancelWatchdog: () => void = () => undefined;

  constructor(options: EspruinoOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.queue = new EngineQueue(options.clock);
  }

  /** The program's time in ms. */
  nowMs(): number {
    return this.queue.nowMs();
  }

  /** Starts the engine: a new context, then the boot files. */
  powerOn(startedBy = 0): void {
    this.powerOff();
    this.startedBy = startedBy;
    this.queue = new EngineQueue(this.options.clock);
    this.queue.after(BOOT_MS, () => this.boot());
  }

  powerOff(): void {
    this.queue.stop();
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
    this.watches.clear();
    this.i2c.clear();
    this.held.clear();
    this.queuedBytes = 0;
    this.out = null;
    this.cancelWatchdog();
    this.watchdog = null;
    this.rebooting = false;
    this.restarting = null;
    this.dogBit = false;
    this.isCut = false;
    this.flags = [];
    this.context = null;
    this.entry = null;
  }

  /** The context's global object, for tests. */
  get globals(): Record<string, unknown> {
    return this.evaluate("globalThis") as Record<string, unknown>;
  }

  /** Evaluates code in the context, between two events. */
  evaluate(code: string): unknown {
    if (!this.context) throw new Error("the simulated board is off");
    return new Script(code, { filename: "evaluate" }).runInContext(this.context);
  }

  /** From now on nobody waits for the program to be quick. */
  stopWatchdog(): void {
    this.cancelWatchdog();
    this.watchdog = null;
  }

  /** As if the engine had met such a failure: "MEMORY", "FIFO_FULL" .. */
  raiseFlag(flag: string): void {
    this.flags.push(flag);
  }

  /** Timeouts and intervals that the program has set. */
  get timerCount(): number {
    return this.timers.size;
  }

  /** True when nothing waits for the program: no event, no data. */
  isIdle(): boolean {
    return this.queue.isIdle() && this.held.size === 0;
  }

  /** A pin changed by itself. Like the engine it only queues the event; the program's function runs from the idle loop. */
  pinChanged(pin: string, level: number): void {
    for (const [id, watch] of this.watches) {
      if (watch.pin !== pin || (watch.edge !== "both" && (watch.edge === "rising") !== (level === 1))) continue;
      const seconds = this.seconds();
      const { last } = watch;
      watch.last = seconds;
      const run = () => this.enter((entry) => entry.edge(id, level, seconds, last, pin));
      if (watch.debounceMs > 0) this.queue.after(watch.debounceMs, run);
      else this.queue.push(run);
    }
  }

  /** Bytes for a serial device. The device takes what it has room for; the rest waits outside, as USB makes it wait. */
  receive(device: string, bytes: Uint8Array): void {
    const held = this.held.get(device) ?? [];
    const waiting = held.reduce((sum, chunk) => sum + chunk.length, 0);
    if (!this.entry || waiting + bytes.length > HELD_BYTES) {
      this.overruns += bytes.length;
      return;
    }
    for (let at = 0; at < bytes.length; at += CHUNK) held.push(Buffer.from(bytes.subarray(at, at + CHUNK)));
    this.held.set(device, held);
    this.feed();
  }

  private feed(): void {
    for (const [device, held] of this.held) {
      while (held.length > 0 && this.queuedBytes + held[0].length + 2 <= QUEUE_BYTES) {
        const chunk = held.shift() as Buffer;
        this.queuedBytes += chunk.length + 2;
        this.queue.push(() => {
          this.queuedBytes -= chunk.length + 2;
          const isConsole = device === this.consoleDevice;
          this.enter((entry) => entry.data(device, chunk.toString("latin1"), isConsole));
          this.feed();
        });
      }
      if (held.length === 0) this.held.delete(device);
    }
  }

  private boot(withCode = true): void {
    this.consoleDevice = this.options.console;
    this.timeOffset = 0;
    this.bootedAt = this.queue.nowMs();
    // No prototype: through that of a host object the program would reach the host.
    this.context = createContext(Object.create(null), { name: "espruino" });
    const source = `(() => { const __name = (fn) => fn; (${limitToEspruino})(); return [${insideEspruino}, ${enginePrompt}]; })()`;
    const [inside, prompt] = new Script(source, { filename: "espruino" }).runInContext(this.context) as [
      typeof insideEspruino,
      typeof enginePrompt,
    ];
    this.entry = inside(this.host(), prompt);
    const { files } = this.options;
    // reset() leaves out .bootcde alone.
    const main = files.has(".bootrst") ? ".bootrst" : withCode ? ".bootcde" : "";
    const boot = [...BOOT_FILES, main].filter((file) => files.has(file));
    for (const file of boot) this.enter((entry) => entry.run(files.get(file) ?? "", file));
    this.enter((entry) => entry.ready(boot.length > 0));
  }

  /** One event: the program runs, then what it wrote goes out. */
  private enter(run: (entry: EngineEntry) => void): void {
    if (!this.entry || this.rebooting) return;
    this.queue.spend(CALL_MS);
    try {
      run(this.entry);
    } catch (error) {
      // Only what the program's own handler of uncaught exceptions throws comes as far as this.
      if (!this.rebooting && !this.isCut) this.uncaught.push(String(error));
    }
    if (this.isCut) {
      this.powerOff();
      this.onPowerCut();
      return;
    }
    if (!this.rebooting && this.restarting === null) this.entry?.idle();
    this.flush();
    if (this.watchdog?.auto) this.kick();
    if (this.rebooting) this.powerOn(this.dogBit ? 2 : 1);
    else if (this.restarting !== null) this.restart(this.restarting);
  }

  /** load() and reset(): a new interpreter on a processor that goes on; the watchdog does too. */
  private restart(withCode: boolean): void {
    this.restarting = null;
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
    this.watches.clear();
    this.i2c.clear();
    this.entry = null;
    this.queue.after(LOAD_MS, () => this.boot(withCode));
  }

  private seconds(): number {
    return (this.queue.nowMs() - this.bootedAt) / 1000 + this.timeOffset;
  }

  private flush(): void {
    const out = this.out;
    this.out = null;
    if (out) this.options.hardware.serialOut(out.device, Buffer.from(out.text, "latin1"));
  }

  private write(device: string, text: string): void {
    if (this.out && this.out.device !== device) this.flush();
    this.out = { device, text: (this.out?.text ?? "") + text };
    this.queue.spend((CALL_MS * text.length) / CHUNK);
  }

  private print(text: string): void {
    this.consoleText = (this.consoleText + text).slice(-CONSOLE_TEXT);
    if (this.consoleDevice) this.write(this.consoleDevice, text.replaceAll("\n", "\r\n"));
  }

  /** Each call of the API takes a moment, and finds out when the watchdog has had enough. */
  private work(ms: number): void {
    this.queue.spend(ms);
    if (this.watchdog && !this.rebooting && this.queue.nowMs() > this.watchdog.deadline) {
      this.consoleText += "watchdog: reboot\n";
      this.rebooting = true;
      this.dogBit = true;
    }
    if (this.rebooting || this.isCut) throw new Error("the board reboots");
  }

  private kick(): void {
    if (!this.watchdog) return;
    this.watchdog.deadline = this.queue.nowMs() + this.watchdog.ms;
    this.cancelWatchdog();
    this.cancelWatchdog = this.options.clock.after(this.watchdog.deadline - this.options.clock.nowMs(), () => {
      if (!this.watchdog) return;
      this.consoleText += "watchdog: reboot\n";
      this.powerOn(2);
    });
  }

  private memory(): string {
    const { jsVars, jsVarBytes, files } = this.options;
    const code = [...BOOT_FILES, ".bootcde", ".bootrst"].reduce((sum, file) => sum + (files.get(file)?.length ?? 0), 0);
    // An estimate: nothing here counts JsVars. The real engines are asked by `npm run test:engine`.
    const usage = Math.min(jsVars, Math.round((code / 1024) * JSVARS_PER_KB) + 4300);
    return JSON.stringify({ free: jsVars - usage, usage, total: jsVars, blocksize: jsVarBytes });
  }

  private startTimer(ms: number): number {
    const id = ++this.lastId;
    const cancel = this.queue.after(ms, () => {
      if (this.timers.delete(id)) this.enter((entry) => entry.timer(id));
    });
    this.timers.set(id, cancel);
    return id;
  }

  private watch(pin: string, edge: string, debounceMs: number): number {
    const refusal = this.options.hardware.refusesWatch(pin);
    if (refusal) throw new Error(refusal);
    const id = ++this.lastId;
    this.watches.set(id, { pin, edge, debounceMs, last: 0 });
    return id;
  }

  private host(): EngineHost {
    const { options, random } = this;
    const { hardware } = options;
    const cheap = <T>(result: T): T => {
      this.work(CALL_MS);
      return result;
    };
    return {
      pins: options.pins.join(" "),
      devices: DEVICES.join(" "),
      console: options.console,
      hasAes: options.aes,
      hasAnalog: options.analog !== undefined,
      env: () => JSON.stringify(options.env),
      memory: () => cheap(this.memory()),
      getTime: () => {
        this.work(CALL_MS);
        return this.seconds();
      },
      setTime: (seconds) => {
        this.timeOffset += seconds - this.seconds();
      },
      random: () => random.bits(),
      startTimer: (ms) => this.startTimer(ms),
      stopTimer: (id) => {
        this.timers.get(id)?.();
        this.timers.delete(id);
      },
      pinMode: () => cheap(undefined),
      digitalRead: (pin) => {
        this.work(CALL_MS);
        return hardware.read(pin);
      },
      digitalWrite: (pin, level) => {
        this.work(CALL_MS);
        hardware.write(pin, level);
      },
      analogRead: () => cheap(options.analog ?? Number.NaN),
      watch: (pin, edge, debounceMs) => this.watch(pin, edge, debounceMs),
      unwatch: (id) => {
        this.watches.delete(id);
      },
      spiSetup: (bus, sck, miso, mosi, baud, mode, order) =>
        hardware.spiSetup(bus, { sck, miso, mosi, baud, mode, order }),
      spiTransfer: (bus, data, nss, answer) => {
        this.work(CALL_MS);
        copyOut(hardware.spiTransfer(bus, copyIn(data), nss), answer);
      },
      i2cSetup: (bus, sda, scl) => {
        this.i2c.set(bus, { sda, scl });
      },
      i2cWrite: (bus, address, data) => {
        this.work(CALL_MS);
        hardware.i2cWrite(this.i2c.get(bus), address, [...copyIn(data)]);
      },
      ...nativeCrypto(),
      ...nativeStorage(options.files, () => {
        this.storageWrites++;
      }),
      ...nativeFlash(options.flash, (ms, work) => {
        this.work(ms);
        try {
          work();
        } catch (error) {
          if (error instanceof PowerCut) this.isCut = true;
          throw error;
        }
      }),
      errorFlags: () => JSON.stringify(this.flags.splice(0)),
      peek32: (address) => {
        const { resetCause } = options;
        if (resetCause?.register !== address) throw new Error(`nothing is known to be at ${address}`);
        return resetCause.values[this.startedBy];
      },
      deviceWrite: (device, text) => {
        this.work(0);
        this.write(device, text);
      },
      print: (text) => this.print(text),
      consoleWrite: (text) => {
        if (this.consoleDevice) this.write(this.consoleDevice, text.replaceAll("\n", "\r\n"));
      },
      setConsole: (device) => {
        this.consoleDevice = device;
      },
      uncaught: (text, isShown) => {
        if (this.rebooting || this.isCut) return;
        // Below the program's own frames come those of the stand-in.
        const lines = text.split("\n");
        const own = lines.findIndex((line) => line.includes("espruino:"));
        const shown = lines.slice(0, own < 0 ? undefined : own).join("\n");
        this.uncaught.push(shown);
        if (isShown) this.print(`Uncaught ${shown}\n`);
      },
      enableWatchdog: (seconds, auto) => {
        this.watchdog = { deadline: 0, ms: seconds * 1000, auto };
        this.kick();
      },
      kickWatchdog: () => this.kick(),
      reboot: () => {
        this.rebooting = true;
        throw new Error("the board reboots");
      },
      restart: (withCode) => {
        this.restarting = withCode;
      },
    };
  }
}
