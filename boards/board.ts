// What the firmware, the simulator and the installer need to know of a board; one file of facts per board.

/** Where the engine keeps its files: boot code, settings, rooms. */
export interface StorageFacts {
  /** "external": a flash chip of its own, at an address that only the engine understands. */
  readonly media: "internal" | "external";
  readonly address: number;
  readonly pageBytes: number;
  readonly pages: number;
}

/** What an engine build can do, wherever it runs. */
export interface EngineFacts {
  /** Name of the Espruino build, as its BOARD in process.env. */
  readonly build: string;
  /** True where Espruino's own project publishes the build. */
  readonly official: boolean;
  /** JsVars of the build and their size, in bytes. */
  readonly jsVars: number;
  readonly jsVarBytes: number;
  /** It knows the pins D0 to D<pins - 1>. */
  readonly pins: number;
  /** GPIO number of each pin, where it is not the number in the pin's name, and the pins that the build turns round: 1 is low. */
  readonly gpios?: readonly number[];
  readonly negated?: readonly number[];
  /** Numbers of pins that are not for us: missing on the chip, its flash, its USB. */
  readonly takenPins: readonly number[];
  /** Pins that setWatch takes, as first and last of each range. */
  readonly watchable: readonly (readonly [first: number, last: number])[];
  /** Pins that measure a voltage; empty where the build has no analogRead. */
  readonly analogPins: readonly number[];
  /** AES-128-ECB in the engine's crypto module. */
  readonly nativeAes: boolean;
  /** The engine runs Thumb code through E.nativeCall, so that our own routine can stand in for a missing AES. */
  readonly thumb: boolean;
  /** Device that carries console and link: "USB", "Serial1", "Serial2". */
  readonly console: string;
  /** Pins for console.setup where the console is a UART on pins of its own; absent for USB. */
  readonly consolePins?: { readonly rx: string; readonly tx: string };
  readonly storage: StorageFacts;
  /** Flash of the processor that nobody else uses: settings, messages and what happened are kept there (docs/decisions/0006). */
  readonly log: { readonly address: number; readonly pages: number };
  /** The engine itself, and what else must stay as it is, ends here. */
  readonly codeEnd: number;
  /** Register that tells why the processor started, where the program may read it; 0 where it may not. */
  readonly resetRegister: number;
  /** File that the bundle is booted from: .bootrst where .bootcde would be skipped. */
  readonly bootFile: ".bootcde" | ".bootrst";
}

/**
 * An amplifier between radio and antenna that comes in two kinds, which answer differently when they are asked through
 * their enable pin. Either is receiving while its `txPin` is low.
 */
export interface FrontEnd {
  /** Switch of its supply, high = on, and how long it then needs. */
  readonly power: string;
  readonly powerMs: number;
  /** Enables it when high. As an input, with the supply on, its level tells the kind. */
  readonly enable: string;
  readonly whenLow: { readonly chip: string; readonly txPin: string };
  readonly whenHigh: { readonly chip: string; readonly txPin: string };
  /** What it adds to the chip's power, in dB. */
  readonly gainDb: number;
}

/** Radio wiring and limits. Pins are Espruino pin names. */
export interface RadioFacts {
  readonly chip: "SX1262";
  readonly sck: string;
  readonly miso: string;
  readonly mosi: string;
  readonly nss: string;
  readonly reset: string;
  readonly busy: string;
  readonly dio1: string;
  /** High while receiving (external switch or LNA); absent where DIO2 does it all. */
  readonly rxen?: string;
  readonly frontEnd?: FrontEnd;
  /** Driven high before the radio is touched. */
  readonly power?: string;
  /** Patience between the last rail and the radio's reset. */
  readonly powerMs?: number;
  readonly spiHz: number;
  /** DIO3 feeds the TCXO with this voltage; 0 means a crystal. */
  readonly tcxoVolts: number;
  readonly dio2Switch: boolean;
  readonly boostedGain: boolean;
  /** What the chip is set to before anybody asks for more or less, and the most that it may be set to. */
  readonly powerDbm: number;
  readonly maxPowerDbm: number;
  readonly currentLimitMa: number;
}

/** A light, a button: pin and the level that means on. */
export interface PinLevel {
  readonly pin: string;
  readonly active: 0 | 1;
}

/** A power management chip whose rails are switched over I2C. Rails that are not listed are switched off. */
export interface Pmu {
  readonly chip: "AXP2101";
  readonly sda: string;
  readonly scl: string;
  readonly address: number;
  readonly rails: readonly PmuRail[];
}

export interface PmuRail {
  readonly rail: string;
  readonly feeds: "radio" | "sensors";
  readonly millivolts: number;
}

export interface Board {
  readonly id: string;
  readonly label: string;
  readonly mcu: "ESP32-S3" | "nRF52840" | "simulated";
  /** Flash of the processor itself, in bytes. */
  readonly flashBytes: number;
  readonly engine: EngineFacts;
  readonly radio: RadioFacts;
  readonly pmu?: Pmu;
  readonly led?: PinLevel;
  readonly button?: PinLevel;
  /** Rails that feed display or sensors, driven at boot. */
  readonly rail?: PinLevel;
  /** Pin, factor from pin volts to battery volts, and the pin that lets the battery through to it, driven at boot. */
  readonly battery?: { readonly pin: string; readonly multiplier: number; readonly enable?: PinLevel };
  /** Vendor and product ids that the board may show: its bootloader's, its maker's firmware's, the engine's. */
  readonly usbIds: readonly string[];
  /** Bytes of RAM for all rooms together: one array, at most 65520 (Espruino's limit for views). */
  readonly roomBytes: number;
  /** Sentences a person must know before flashing. */
  readonly hazards: readonly string[];
}

/** TCXO voltages that DIO3 can give, in the order of SetDIO3AsTCXOCtrl's codes (SX1262 datasheet 13.3.6). */
export const TCXO_VOLTS = [1.6, 1.7, 1.8, 2.2, 2.4, 2.7, 3.0, 3.3];

/** Highest byte offset at which Espruino makes a view (engine fact, see docs/decisions). */
export const MAX_ROOM_BYTES = 65520;
