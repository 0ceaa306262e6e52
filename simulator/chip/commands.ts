// biome-ignore-all lint/complexity/useSimpleNumberKeys: opcodes and addresses are hex in the datasheet
// The commands of the SX126x as numbers: opcodes, IRQ bits, modes, and where each command may be given.

/** IRQ register bits (datasheet table 13-29). */
export const IRQ_TX_DONE = 1;
export const IRQ_RX_DONE = 2;
export const IRQ_PREAMBLE = 4;
export const IRQ_HEADER_VALID = 16;
export const IRQ_HEADER_ERR = 32;
export const IRQ_CRC_ERR = 64;
export const IRQ_CAD_DONE = 128;
export const IRQ_CAD_DETECTED = 256;
export const IRQ_TIMEOUT = 512;

/** Modes, numbered as in bits 6:4 of the status byte. CAD has no number there and shows as RX. */
export const SLEEP = 0;
export const STBY_RC = 2;
export const FS = 4;
export const RX = 5;
export const TX = 6;
export const CAD = 7;

/** Command results in bits 3:1 of the status byte. */
export const RESULT_OK = 1;
export const RESULT_DATA = 2;
export const RESULT_INVALID = 4;
export const RESULT_FAILED = 5;
export const RESULT_TX_DONE = 6;

/** Device error bits (datasheet table 13-86). */
export const ERR_PLL_CAL = 4;
export const ERR_ADC_CAL = 8;
export const ERR_IMAGE_CAL = 16;
export const ERR_XOSC = 32;

// Sets of modes, bit n for the mode of number n, shifted by 4 to leave room for the count of parameter bytes.
const ANY = 252 << 4;
const RC = 4 << 4;
const STBY = 12 << 4;
/** Standby or FS: where settings belong. */
const IDLE = 28 << 4;
const NOT_TX = 188 << 4;

/**
 * By opcode: how many bytes must follow it at least, and in which modes the datasheet takes it. One small integer each,
 * because that costs an engine nothing beyond the name.
 */
export const RULES: { readonly [opcode: number]: number } = {
  0x84: 1 | STBY,
  0x80: 1 | ANY,
  0xc1: 0 | NOT_TX,
  0x83: 3 | NOT_TX,
  0x82: 3 | NOT_TX,
  0x9f: 1 | IDLE,
  0x94: 6 | NOT_TX,
  0xc5: 0 | NOT_TX,
  0x96: 1 | RC,
  0x89: 1 | RC,
  0x98: 2 | STBY,
  0x95: 4 | IDLE,
  0x93: 1 | IDLE,
  0x0d: 3 | ANY,
  0x1d: 4 | ANY,
  0x0e: 2 | NOT_TX,
  0x1e: 2 | ANY,
  0x08: 8 | ANY,
  0x12: 3 | ANY,
  0x02: 2 | ANY,
  0x9d: 1 | IDLE,
  0x97: 4 | RC,
  0x86: 4 | IDLE,
  0x8a: 1 | STBY,
  0x11: 2 | ANY,
  0x8e: 2 | IDLE,
  0x8b: 4 | IDLE,
  0x8c: 6 | IDLE,
  0x88: 7 | IDLE,
  0x8f: 2 | IDLE,
  0xa0: 1 | IDLE,
  0xc0: 1 | ANY,
  0x15: 2 | ANY,
  0x13: 3 | ANY,
  0x14: 4 | ANY,
  0x17: 3 | ANY,
  0x07: 2 | ANY,
  0x10: 7 | ANY,
  0x00: 0 | ANY,
};

// One string instead of an object: looked at only when a sentence about a command is written.
const NAMES =
  " 84SetSleep 80SetStandby c1SetFs 83SetTx 82SetRx 94SetRxDutyCycle c5SetCad 96SetRegulatorMode 89Calibrate 98CalibrateImage " +
  "95SetPaConfig 93SetRxTxFallbackMode dWriteRegister 1dReadRegister eWriteBuffer 1eReadBuffer 8SetDioIrqParams " +
  "12GetIrqStatus 2ClearIrqStatus 9dSetDIO2AsRfSwitch 97SetDIO3AsTCXO 86SetRfFrequency 8aSetPacketType 8eSetTxParams " +
  "8bSetModulationParams 8cSetPacketParams 88SetCadParams 8fSetBufferBaseAddress 13GetRxBufferStatus 14GetPacketStatus ";

/** The datasheet's name of a command, or its opcode where it has none. */
export function commandName(opcode: number): string {
  const hex = opcode.toString(16);
  for (let at = NAMES.indexOf(" " + hex); at >= 0; at = NAMES.indexOf(" " + hex, at + 1)) {
    // The name follows the digits and begins with a capital; "8" must not find "84".
    const from = at + 1 + hex.length;
    const first = NAMES.charAt(from);
    if (first >= "A" && first <= "Z") return NAMES.substring(from, NAMES.indexOf(" ", from));
  }
  return "opcode 0x" + hex;
}
