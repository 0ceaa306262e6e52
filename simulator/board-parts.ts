// What some boards have beside processor and radio: a power chip on I2C, an amplifier at the antenna.
import { axp2101Writes } from "../boards/axp2101.ts";
import type { FrontEnd, Pmu } from "../boards/board.ts";

/** An AXP2101 as it leaves the factory: every rail off. It keeps its registers while the board has power. */
export class PowerChip {
  /** Registers that were written since power-up, in that order. */
  readonly written: [register: number, value: number][] = [];
  /** The rail that feeds the radio is on, and has had its voltage before. */
  feedsRadio = false;
  private readonly facts: Pmu;

  constructor(facts: Pmu) {
    this.facts = facts;
  }

  powerOff(): void {
    this.written.length = 0;
    this.feedsRadio = false;
  }

  /** Throws as the engine does when nobody answers. */
  write(bus: { sda: string; scl: string } | undefined, address: number, bytes: readonly number[]): void {
    const { sda, scl, address: own } = this.facts;
    if (bus?.sda !== sda || bus.scl !== scl || address !== own)
      throw new Error("jshI2CWrite: slave doesn't ACK the transfer");
    for (let at = 1; at < bytes.length; at++) this.set(bytes[0] + at - 1, bytes[at]);
  }

  private set(register: number, value: number): void {
    this.written.push([register, value]);
    const writes = axp2101Writes(this.facts.rails.filter((each) => each.feeds === "radio"));
    const [enable, bits] = writes[writes.length - 1];
    if (register !== enable) return;
    const holds = (voltage: number) => this.written.findLast((each) => each[0] === voltage)?.[1];
    const isSet = writes.slice(1, -1).every(([voltage, expected]) => holds(voltage) === expected);
    this.feedsRadio = (value & bits) === bits && isSet;
  }
}

/** The two kinds of amplifier that a board may have been built with, by what their enable pin shows. */
export type AmplifierKind = "low" | "high";

export class Amplifier {
  private readonly facts: FrontEnd;
  private readonly kind: AmplifierKind;
  private readonly level: (pin: string) => number;
  /** The program drives the enable pin. */
  private isDriven = false;

  constructor(facts: FrontEnd, kind: AmplifierKind, level: (pin: string) => number) {
    this.facts = facts;
    this.kind = kind;
    this.level = level;
  }

  powerOff(): void {
    this.isDriven = false;
  }

  written(pin: string): void {
    if (pin === this.facts.enable) this.isDriven = true;
  }

  /** Level of the enable pin as the processor reads it, or undefined for any other pin. */
  read(pin: string): number | undefined {
    if (pin !== this.facts.enable || this.isDriven) return undefined;
    return this.kind === "high" && this.hasSupply() ? 1 : 0;
  }

  get receives(): boolean {
    return this.isEnabled() && this.level(this.txPin()) === 0;
  }

  get transmits(): boolean {
    return this.isEnabled() && this.level(this.txPin()) === 1;
  }

  private isEnabled(): boolean {
    return this.hasSupply() && this.isDriven && this.level(this.facts.enable) === 1;
  }

  private hasSupply(): boolean {
    return this.level(this.facts.power) === 1;
  }

  private txPin(): string {
    return (this.kind === "high" ? this.facts.whenHigh : this.facts.whenLow).txPin;
  }
}
