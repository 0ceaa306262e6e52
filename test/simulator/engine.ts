// An Espruino stand-in with nothing soldered to it but wires that the test holds.
import { VirtualClock } from "../../simulator/clock.ts";
import { Espruino, type EspruinoOptions } from "../../simulator/espruino.ts";

export class Bench {
  readonly clock = new VirtualClock();
  readonly files = new Map<string, string>();
  readonly levels = new Map<string, number>();
  readonly written: [string, number][] = [];
  readonly serial: Record<string, string> = {};
  readonly spi: { setups: object[]; data: Uint8Array[] } = { setups: [], data: [] };
  readonly engine: Espruino;

  constructor(code: string, options: Partial<EspruinoOptions> = {}) {
    this.files.set(".bootcde", code);
    this.engine = new Espruino({
      clock: this.clock,
      hardware: {
        read: (pin) => this.levels.get(pin) ?? 0,
        write: (pin, level) => this.written.push([pin, level]),
        refusesWatch: (pin) => (pin === "D7" ? "no watch here" : undefined),
        spiSetup: (_bus, setup) => this.spi.setups.push(setup),
        spiTransfer: (_bus, data) => {
          this.spi.data.push(data);
          return data.map((byte) => 255 - byte);
        },
        i2cWrite: () => undefined,
        serialOut: (device, bytes) => {
          this.serial[device] = (this.serial[device] ?? "") + Buffer.from(bytes).toString("latin1");
        },
      },
      env: { BOARD: "BENCH", VERSION: "2v29", SERIAL: "1" },
      pins: ["D1", "D2", "D7"],
      console: "USB",
      jsVars: 14000,
      jsVarBytes: 14,
      aes: true,
      files: this.files,
      seed: 5,
      ...options,
    });
    this.engine.powerOn();
    this.clock.advance(200);
  }

  /** The value of an expression in the engine, as JSON: nothing of the context comes out. */
  value(code: string): unknown {
    const json = this.engine.evaluate(`JSON.stringify(${code})`);
    return json === undefined ? undefined : JSON.parse(json as string);
  }

  send(device: string, text: string): void {
    this.engine.receive(device, Buffer.from(text, "latin1"));
  }
}
