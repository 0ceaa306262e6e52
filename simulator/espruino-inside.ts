/*
 * The engine's API as the program sees it. `insideEspruino` runs inside the stand-in's context: its text goes there, so it
 * can use nothing of this file but its own body, and every object that it makes is of that context. The host's functions
 * reach it as `host`; they take and give only strings, numbers, booleans and the program's own byte arrays.
 */

import type { enginePrompt } from "./espruino-prompt.ts";

/** What the host does for the engine. Throws are passed on as the context's own errors. */
export interface EngineHost {
  readonly pins: string;
  readonly devices: string;
  /** Device that has the prompt at boot. */
  readonly console: string;
  readonly hasAes: boolean;
  readonly hasAnalog: boolean;
  env(): string;
  memory(): string;
  getTime(): number;
  setTime(seconds: number): void;
  random(): number;
  startTimer(ms: number): number;
  stopTimer(id: number): void;
  pinMode(pin: string, mode: string): void;
  digitalRead(pin: string): number;
  digitalWrite(pin: string, level: number): void;
  analogRead(pin: string): number;
  watch(pin: string, edge: string, debounceMs: number): number;
  unwatch(id: number): void;
  spiSetup(bus: string, sck: string, miso: string, mosi: string, baud: number, mode: number, order: string): void;
  spiTransfer(bus: string, data: Uint8Array, nss: string, answer: Uint8Array): void;
  i2cSetup(bus: string, sda: string, scl: string): void;
  i2cWrite(bus: string, address: number, data: Uint8Array): void;
  digest(bits: number, data: Uint8Array, answer: Uint8Array): void;
  aes(encrypt: boolean, mode: string, data: Uint8Array, key: Uint8Array, answer: Uint8Array): void;
  crc32(data: Uint8Array): number;
  read(file: string): string | undefined;
  write(file: string, text: string, offset: number, size: number): boolean;
  erase(file: string): void;
  list(): string;
  /** False when no page is there. */
  flashPage(address: number): boolean;
  flashRead(address: number, answer: Uint8Array): void;
  flashWrite(address: number, data: Uint8Array): void;
  flashErase(address: number): void;
  /** JSON of the flags that were set since the last time. */
  errorFlags(): string;
  peek32(address: number): number;
  deviceWrite(device: string, text: string): void;
  print(text: string): void;
  /** To the console's device alone, for what a person at the prompt sees. */
  consoleWrite(text: string): void;
  setConsole(device: string): void;
  /** `shown`: the program has no handler of its own, so the engine prints it. */
  uncaught(text: string, shown: boolean): void;
  enableWatchdog(seconds: number, auto: boolean): void;
  kickWatchdog(): void;
  reboot(): void;
  /** Starts the interpreter again when it is idle, with the boot code or (for .bootcde) without. */
  restart(withCode: boolean): void;
}

/** What the host calls in the context. */
export interface EngineEntry {
  timer(id: number): void;
  edge(id: number, level: number, seconds: number, last: number, pin: string): void;
  data(device: string, text: string, isConsole: boolean): void;
  run(code: string, file: string): void;
  /** All boot files have run: the banner, when no code was there. */
  ready(hasCode: boolean): void;
  /** Nothing runs at the moment. */
  idle(): void;
}

export function insideEspruino(outside: EngineHost, makePrompt: typeof enginePrompt): EngineEntry {
  type Fn = (...args: unknown[]) => unknown;
  type Listeners = Record<string, Fn[]>;
  const world = globalThis as unknown as Record<string, unknown>;
  // By another name, so that the code runs in the global scope and not in this one.
  const evaluate = world.eval as (code: string) => unknown;

  // An error of the host would be a way out of the context: only its text comes in.
  const host = {} as Record<string, unknown>;
  for (const name in outside) {
    const value = (outside as unknown as Record<string, unknown>)[name];
    host[name] =
      typeof value !== "function"
        ? value
        : (...args: unknown[]) => {
            let failure = "";
            try {
              return (value as Fn)(...args);
            } catch (error) {
              failure = `${(error as Error).message}`;
            }
            throw new Error(failure);
          };
  }
  const engine = host as unknown as EngineHost;
  const env = JSON.parse(engine.env()) as { VERSION: string; BOARD: string };

  const define = (name: string, value: unknown): void => {
    Object.defineProperty(world, name, { value, writable: true, configurable: true, enumerable: false });
  };
  const bytesOf = (data: unknown): Uint8Array => {
    if (typeof data === "string") {
      const bytes = new Uint8Array(data.length);
      for (let i = 0; i < bytes.length; i++) bytes[i] = data.charCodeAt(i);
      return bytes;
    }
    if (data instanceof ArrayBuffer) return new Uint8Array(data);
    if (typeof data === "number") return new Uint8Array([data]);
    const view = data as Uint8Array;
    if (view?.buffer instanceof ArrayBuffer) return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    if (Array.isArray(data)) return new Uint8Array(data as number[]);
    throw new Error("Expecting something iterable, got " + typeof data);
  };
  const textOf = (data: unknown): string => {
    const bytes = bytesOf(data);
    let text = "";
    for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]);
    return text;
  };
  const show = (value: unknown): string => (typeof value === "object" && value ? JSON.stringify(value) : String(value));
  const printText = (text: string): void => {
    prompt.makeRoom();
    engine.print(text);
  };
  const print = (...values: unknown[]): void => printText(values.map(show).join(" ") + "\n");

  // A program may hand over a function or a string of code.
  const callable = (what: unknown): Fn => {
    if (typeof what === "function") return what as Fn;
    if (typeof what === "string") return () => evaluate(what);
    throw new Error("Function or String not supplied!");
  };
  const guarded = (fn: () => void): void => {
    try {
      fn();
    } catch (error) {
      const handlers = processListeners.uncaughtException;
      const text = error instanceof Error ? String(error.stack ?? error) : `${show(error)}`;
      if (!handlers?.length) prompt.makeRoom();
      engine.uncaught(text, !handlers?.length);
      if (handlers?.length) for (const handler of handlers) handler(error);
    }
  };
  const emitter = (listeners: Listeners) => ({
    on: (event: string, fn: Fn) => {
      (listeners[event] ??= []).push(fn);
    },
    removeListener: (event: string, fn: Fn) => {
      listeners[event] = (listeners[event] ?? []).filter((each) => each !== fn);
    },
    removeAllListeners: (event?: string) => {
      if (event) delete listeners[event];
      else for (const name of Object.keys(listeners)) delete listeners[name];
    },
    emit: (event: string, ...args: unknown[]) => {
      for (const fn of listeners[event] ?? []) fn(...args);
    },
  });

  // Pins: one object for each, so that they compare as they do on the engine.
  const pins: Record<string, object> = {};
  class Pin {
    private readonly name: string;
    constructor(name: unknown) {
      this.name = String(name);
      const known = pins[this.name];
      // biome-ignore lint/correctness/noConstructorReturn: the engine's Pin does so
      if (known) return known as Pin;
      if (engine.pins.split(" ").indexOf(this.name) < 0) throw new Error(`"${this.name}" is not a valid pin`);
      pins[this.name] = this;
    }
    toString(): string {
      return this.name;
    }
    read(): boolean {
      return engine.digitalRead(this.name) === 1;
    }
    write(level: unknown): void {
      engine.digitalWrite(this.name, level ? 1 : 0);
    }
    set(): void {
      this.write(1);
    }
    reset(): void {
      this.write(0);
    }
    mode(mode: string): void {
      engine.pinMode(this.name, mode);
    }
  }
  const pinName = (pin: unknown): string => String(pin instanceof Pin ? pin : new Pin(pin));
  define("Pin", Pin);
  for (const name of engine.pins.split(" ")) define(name, new Pin(name));
  define("pinMode", (pin: unknown, mode: unknown) => engine.pinMode(pinName(pin), String(mode)));
  define("digitalRead", (pin: unknown) => engine.digitalRead(pinName(pin)));
  define("digitalWrite", (pin: unknown, level: unknown) => engine.digitalWrite(pinName(pin), level ? 1 : 0));
  define("analogRead", (pin: unknown) => engine.analogRead(pinName(pin)));

  // Timers and watches.
  const timers: Record<number, { fn: Fn; args: unknown[]; repeatMs: number }> = {};
  const startTimer = (what: unknown, ms: unknown, args: unknown[], repeats: boolean): number => {
    const fn = callable(what);
    const delay = Math.max(0, Number(ms) || 0);
    const id = engine.startTimer(delay);
    timers[id] = { fn, args, repeatMs: repeats ? Math.max(1, delay) : 0 };
    return id;
  };
  const stopTimer = (...ids: unknown[]): void => {
    const [id] = ids;
    if (ids.length === 0) {
      for (const own of Object.keys(timers)) stopTimer(Number(own));
      return;
    }
    if (id === undefined) throw new Error("clearTimeout(undefined) not allowed. Use clearTimeout() instead");
    const now = aliases[Number(id)] ?? Number(id);
    engine.stopTimer(now);
    delete timers[Number(id)];
    delete aliases[Number(id)];
    delete owners[now];
  };
  /** The host's id of a repeating timer changes each time, the program's does not. */
  const aliases: Record<number, number> = {};
  const owners: Record<number, number> = {};
  define("setTimeout", (fn: unknown, ms: unknown, ...args: unknown[]) => startTimer(fn, ms, args, false));
  define("setInterval", (fn: unknown, ms: unknown, ...args: unknown[]) => startTimer(fn, ms, args, true));
  define("clearTimeout", stopTimer);
  define("clearInterval", stopTimer);
  const watches: Record<number, { fn: Fn; repeat: boolean }> = {};
  define(
    "setWatch",
    (what: unknown, pin: unknown, options?: { edge?: string; repeat?: boolean; debounce?: number }) => {
      const fn = callable(what);
      const id = engine.watch(pinName(pin), options?.edge ?? "both", options?.debounce ?? 0);
      watches[id] = { fn, repeat: options?.repeat === true };
      return id;
    },
  );
  define("clearWatch", (...ids: unknown[]) => {
    for (const id of ids.length ? ids : Object.keys(watches)) {
      engine.unwatch(Number(id));
      delete watches[Number(id)];
    }
  });

  define("peek32", (address: unknown) => engine.peek32(Number(address)));
  define("getTime", () => engine.getTime());
  define("setTime", (seconds: unknown) => engine.setTime(Number(seconds)));
  const RealDate = Date;
  const now = (): number => engine.getTime() * 1000;
  function EngineDate(this: unknown, ...args: unknown[]): unknown {
    return args.length ? new (RealDate as unknown as new (...a: unknown[]) => Date)(...args) : new RealDate(now());
  }
  EngineDate.prototype = RealDate.prototype;
  EngineDate.now = now;
  EngineDate.parse = RealDate.parse;
  define("Date", EngineDate);
  Math.random = () => (engine.random() >>> 0) / 0x100000000;

  // Buses and serial devices.
  for (const bus of ["SPI1", "SPI2"]) {
    const transfer = (data: unknown, nss: unknown): Uint8Array => {
      const bytes = bytesOf(data);
      const answer = new Uint8Array(bytes.length);
      engine.spiTransfer(bus, bytes, nss === undefined ? "" : pinName(nss), answer);
      return answer;
    };
    define(bus, {
      setup: (o: Record<string, unknown> = {}) =>
        engine.spiSetup(
          bus,
          ...([o.sck, o.miso, o.mosi].map((pin) => (pin === undefined ? "" : pinName(pin))) as [
            string,
            string,
            string,
          ]),
          Number(o.baud ?? 100000),
          Number(o.mode ?? 0),
          String(o.order ?? "msb"),
        ),
      send: (data: unknown, nss: unknown) => {
        const answer = transfer(data, nss);
        if (typeof data === "number") return answer[0];
        return typeof data === "string" ? textOf(answer) : answer;
      },
      write: (...args: unknown[]) => {
        const nss = args[args.length - 1] instanceof Pin ? args.pop() : undefined;
        for (const data of args) transfer(data, nss);
      },
    });
  }
  for (const bus of ["I2C1", "I2C2"]) {
    define(bus, {
      setup: (o: Record<string, unknown> = {}) =>
        engine.i2cSetup(bus, o.sda === undefined ? "" : pinName(o.sda), o.scl === undefined ? "" : pinName(o.scl)),
      writeTo: (address: unknown, ...data: unknown[]) => {
        const bytes: number[] = [];
        for (const each of data) for (const byte of bytesOf(each)) bytes.push(byte);
        engine.i2cWrite(bus, Number(address), new Uint8Array(bytes));
      },
    });
  }
  let consoleName = engine.console;
  let hasBooted = false;
  const deviceListeners: Record<string, Listeners> = {};
  for (const name of engine.devices.split(" ")) {
    const listeners: Listeners = (deviceListeners[name] = {});
    const write = (...data: unknown[]): void => {
      for (const each of data) engine.deviceWrite(name, typeof each === "string" ? each : textOf(each));
    };
    define(name, {
      ...emitter(listeners),
      setup: () => undefined,
      write,
      print: (text: unknown) => write(show(text)),
      println: (text: unknown) => write(`${show(text)}\r\n`),
      setConsole: () => setConsole(name),
      toString: () => name,
    });
  }

  define("print", print);
  // As the engine's, they come true when the line that calls them is done.
  define("load", () => engine.restart(true));
  define("reset", () => engine.restart(false));
  define("console", { log: print, debug: print, info: print, warn: print, error: print });
  define("E", {
    ...emitter({}),
    hwRand: () => engine.random() | 0,
    CRC32: (data: unknown) => engine.crc32(bytesOf(data)),
    toString: textOf,
    toUint8Array: (data: unknown) => new Uint8Array(bytesOf(data)),
    toArrayBuffer: (data: unknown) => new Uint8Array(bytesOf(data)).buffer,
    getAddressOf: () => 0,
    setConsole: (device: unknown) => setConsole(device ? String(device) : ""),
    enableWatchdog: (seconds: unknown, auto?: unknown) => engine.enableWatchdog(Number(seconds), auto !== false),
    kickWatchdog: () => engine.kickWatchdog(),
    getErrorFlags: () => JSON.parse(engine.errorFlags()),
    reboot: () => engine.reboot(),
    setBootCode: (code: unknown, always?: unknown) => {
      const file = always ? ".bootrst" : ".bootcde";
      if (code) engine.write(file, String(code), 0, 0);
      else engine.erase(file);
    },
    defrag: () => undefined,
    ...(engine.hasAnalog ? { getAnalogVRef: () => 3.3 } : {}),
  });
  const processListeners: Listeners = {};
  define("process", {
    ...emitter(processListeners),
    env: JSON.parse(engine.env()),
    version: env.VERSION,
    memory: () => JSON.parse(engine.memory()),
  });

  const digest = (bits: number) => (data: unknown) => {
    const answer = new Uint8Array(bits / 8);
    engine.digest(bits, bytesOf(data), answer);
    return answer.buffer;
  };
  const cipher = (encrypt: boolean) => (data: unknown, key: unknown, options?: { mode?: string }) => {
    const bytes = bytesOf(data);
    if (bytes.length % 16) throw new Error("CIPHER - INVALID INPUT LENGTH");
    const answer = new Uint8Array(bytes.length);
    engine.aes(encrypt, options?.mode ?? "CBC", bytes, bytesOf(key), answer);
    return answer.buffer;
  };
  const crypto: Record<string, unknown> = { SHA256: digest(256), SHA512: digest(512) };
  if (engine.hasAes) crypto.AES = { encrypt: cipher(true), decrypt: cipher(false) };
  const storage = {
    read: (file: unknown, at?: number, length?: number) => {
      const text = engine.read(String(file));
      return text === undefined ? text : text.substr(at ?? 0, length ?? text.length);
    },
    readArrayBuffer: (file: unknown) => bytesOf(engine.read(String(file)) ?? "").buffer,
    readJSON: (file: unknown) => {
      const text = engine.read(String(file));
      return text === undefined ? undefined : JSON.parse(text);
    },
    write: (file: unknown, data: unknown, offset?: unknown, size?: unknown) =>
      engine.write(
        String(file),
        typeof data === "string" ? data : textOf(data),
        Number(offset ?? 0),
        Number(size ?? 0),
      ),
    writeJSON: (file: unknown, data: unknown) => engine.write(String(file), JSON.stringify(data), 0, 0),
    erase: (file: unknown) => engine.erase(String(file)),
    list: () => JSON.parse(engine.list()),
  };
  const flash = {
    getPage: (address: unknown) => {
      if (!engine.flashPage(Number(address))) return undefined;
      return { addr: Math.floor(Number(address) / 4096) * 4096, length: 4096 };
    },
    read: (length: unknown, address: unknown) => {
      const answer = new Uint8Array(Number(length));
      engine.flashRead(Number(address), answer);
      return answer;
    },
    write: (data: unknown, address: unknown) => engine.flashWrite(Number(address), bytesOf(data)),
    erasePage: (address: unknown) => engine.flashErase(Number(address)),
  };
  define("require", (name: unknown) => {
    if (name === "crypto") return crypto;
    if (name === "Storage") return storage;
    if (name === "Flash") return flash;
    throw new Error(`Module "${name}" not found`);
  });

  const prompt = makePrompt({
    evaluate,
    show: (value) => (typeof value === "string" ? JSON.stringify(value) : show(value)),
    guarded,
    write: engine.consoleWrite,
    later: (fn, ms) => startTimer(fn, ms, [], false),
    version: env.VERSION,
    board: env.BOARD,
  });
  const setConsole = (device: string): void => {
    const old = consoleName;
    if (device === old) return;
    // While it boots, an nRF52 has its console in limbo and moves it without a word.
    if (hasBooted) {
      prompt.makeRoom();
      engine.consoleWrite(`-> ${device || "null"}\n`);
    }
    engine.setConsole(device);
    consoleName = device;
    if (hasBooted) engine.consoleWrite(`<- ${old || "null"}\n`);
  };

  return {
    timer(id) {
      const own = owners[id] ?? id;
      delete owners[id];
      const timer = timers[own];
      if (!timer) return;
      if (timer.repeatMs) {
        const next = engine.startTimer(timer.repeatMs);
        aliases[own] = next;
        owners[next] = own;
      } else delete timers[own];
      guarded(() => timer.fn(...timer.args));
    },
    edge(id, level, seconds, last, pin) {
      const watch = watches[id];
      if (!watch) return;
      if (!watch.repeat) {
        engine.unwatch(id);
        delete watches[id];
      }
      guarded(() => watch.fn({ state: level === 1, time: seconds, lastTime: last, pin: new Pin(pin) }));
    },
    data(device, text, isConsole) {
      if (isConsole) prompt.type(text);
      else for (const fn of deviceListeners[device].data ?? []) guarded(() => fn(text));
    },
    run(code, file) {
      guarded(() => {
        evaluate(`${code}\n//# sourceURL=${file}`);
      });
    },
    ready(hasCode) {
      hasBooted = true;
      const logo = " ____                 _ \n|  __|___ ___ ___ _ _|_|___ ___ \n|  __|_ -| . |  _| | | |   | . |\n";
      const base = "|____|___|  _|_| |___|_|_|_|___|\n         |_| espruino.com\n";
      if (!hasCode) engine.consoleWrite(`\n${logo}${base} ${env.VERSION} (simulated)\n`);
      engine.consoleWrite("\n");
    },
    idle() {
      if (hasBooted) prompt.comeBack();
    },
  };
}
