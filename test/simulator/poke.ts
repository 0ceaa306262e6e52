// A hand-written driver in the order of the datasheet, to poke the chip model with SPI bytes. Not the firmware's driver.
import { hexToBytes } from "../../protocol/bytes.ts";
import type { ChipRadio } from "../../simulator/chip/radio.ts";
import { ChipModel } from "../../simulator/chip/sx126x.ts";
import type { ChipWiring } from "../../simulator/chip/wiring.ts";
import { VirtualClock } from "../../simulator/clock.ts";

export const TCXO_BOARD: ChipWiring = { tcxo: 2, dio2: true, rxen: false };

export class Poke {
  readonly clock = new VirtualClock();
  readonly sent: { frame: Uint8Array; radio: ChipRadio; airMs: number }[] = [];
  readonly listened: (ChipRadio | null)[] = [];
  edges = 0;
  aborts = 0;
  levelDbm = -200;
  readonly chip: ChipModel;

  constructor(wiring: ChipWiring = TCXO_BOARD, seed = 7) {
    this.chip = new ChipModel(
      () => this.clock.nowMs(),
      {
        transmit: (frame, radio, airMs) => {
          this.sent.push({ frame, radio, airMs });
          return false;
        },
        abort: () => {
          this.aborts++;
        },
        listen: (radio) => this.listened.push(radio),
        level: () => this.levelDbm,
        dio1: () => {
          this.edges++;
        },
        after: (ms, fn) => this.clock.after(ms, fn),
      },
      wiring,
      seed,
    );
  }

  /** Waits for BUSY, then one NSS cycle of hex bytes. */
  send(hex: string): Uint8Array {
    for (let i = 0; this.chip.busy(); i++) {
      if (i > 100_000) throw new Error(`BUSY does not fall before ${hex}`);
      this.clock.advance(0.01);
    }
    return this.chip.transfer(hexToBytes(hex.replaceAll(" ", "")));
  }

  all(...commands: string[]): void {
    for (const command of commands) this.send(command);
  }

  reset(): void {
    this.chip.resetPin(0);
    this.clock.advance(1);
    this.chip.resetPin(1);
  }

  /** EU/UK narrow at +22 dBm, everything that the datasheet asks for; then in standby. */
  setUp(): void {
    this.reset();
    this.all("8000", "97 02 000140", "07 0000", "89 7f", "9601", "8a01", "98 d7 db", "86 3659e353", "8f 00 00");
    this.all("8b 08 03 04 00", "9d 01", "95 04 07 00 01", "0d 08e7 38", "8e 16 04", "0d 08d8 de", "0d 0889 05");
    this.all("0d 08ac 96", "93 20", "08 ffff 0203 0000 0000");
    this.packet(255);
  }

  packet(length: number): void {
    this.send(`8c 0020 00 ${length.toString(16).padStart(2, "0")} 01 00`);
    this.send("0d 0736 0d");
  }

  listen(timeout = "ffffff"): void {
    this.send(`82 ${timeout}`);
  }

  irq(): number {
    const answer = this.send("12 00 00 00");
    return (answer[2] << 8) | answer[3];
  }

  status(): { mode: number; result: number } {
    const status = this.send("c000")[1];
    return { mode: (status >> 4) & 7, result: (status >> 1) & 7 };
  }
}
