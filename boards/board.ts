// What the firmware, the simulator and the installer need to know of a board; one file of facts per board.

/** Where the engine build for a board comes from and what it can do. */
export interface EngineFacts {
  /** Name of the Espruino build, as its BOARD in process.env. */
  readonly build: string;
  /** True where Espruino's own project publishes the build. */
  readonly official: boolean;
  /** JsVars of the build and their size, in bytes. */
  readonly jsVars: number;
  readonly jsVarBytes: number;
  /** AES-128-ECB in the engine's crypto module. */
  readonly nativeAes: boolean;
  /** The engine runs Thumb code through E.nativeCall, so that our own routine can stand in for a missing AES. */
  readonly thumb: boolean;
  /** Device that carries console and link: "USB", "Serial1", "Serial2". */
  readonly console: string;
  /** Pins for console.setup where the console is a UART on pins of its own; absent for USB. */
  readonly consolePins?: { readonly rx: string; readonly tx: string };
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
  /** Driven high before the radio is touched, then `powerMs` of patience. */
  readonly power?: string;
  readonly powerMs?: number;
  readonly spiHz: number;
  /** DIO3 feeds the TCXO with this voltage; 0 means a crystal. */
  readonly tcxoVolts: number;
  readonly dio2Switch: boolean;
  readonly boostedGain: boolean;
  readonly maxPowerDbm: number;
  readonly currentLimitMa: number;
}

/** A light, a button: pin and the level that means on. */
export interface PinLevel {
  readonly pin: string;
  readonly active: 0 | 1;
}

export interface Board {
  readonly id: string;
  readonly label: string;
  readonly mcu: "ESP32-S3" | "nRF52840" | "simulated";
  readonly engine: EngineFacts;
  readonly radio: RadioFacts;
  readonly led?: PinLevel;
  readonly button?: PinLevel;
  /** Rails that feed display or sensors, driven at boot. */
  readonly rail?: PinLevel;
  /** Pin, factor from pin volts to battery volts. Absent where the engine build cannot measure. */
  readonly battery?: { readonly pin: string; readonly multiplier: number; readonly enable?: PinLevel };
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
