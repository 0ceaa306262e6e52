// The SX1262's numbers, by datasheet DS.SX1261-2 rev 2.1. Nothing else in the firmware knows them.

// Commands (chapter 13).
export const SET_STANDBY = 0x80;
export const SET_TX = 0x83;
export const SET_CAD = 0xc5;
export const SET_RX = 0x82;
export const SET_REGULATOR = 0x96;
export const CALIBRATE = 0x89;
export const CALIBRATE_IMAGE = 0x98;
export const SET_PA_CONFIG = 0x95;
export const SET_FALLBACK = 0x93;
export const WRITE_REGISTER = 0x0d;
export const READ_REGISTER = 0x1d;
export const WRITE_BUFFER = 0x0e;
export const READ_BUFFER = 0x1e;
export const SET_DIO_IRQ = 0x08;
export const GET_IRQ = 0x12;
export const CLEAR_IRQ = 0x02;
export const SET_DIO2_SWITCH = 0x9d;
export const SET_DIO3_TCXO = 0x97;
export const SET_FREQUENCY = 0x86;
export const SET_PACKET_TYPE = 0x8a;
export const SET_TX_PARAMS = 0x8e;
export const SET_MODULATION = 0x8b;
export const SET_PACKET = 0x8c;
export const SET_BUFFER_BASE = 0x8f;
export const SET_CAD_PARAMS = 0x88;
export const GET_STATUS = 0xc0;
export const GET_RSSI = 0x15;
export const GET_RX_BUFFER = 0x13;
export const GET_PACKET_STATUS = 0x14;
export const CLEAR_ERRORS = 0x07;

// Interrupt bits (table 13-29).
export const IRQ_TX_DONE = 1;
export const IRQ_RX_DONE = 2;
export const IRQ_PREAMBLE = 4;
export const IRQ_HEADER = 16;
export const IRQ_HEADER_ERROR = 32;
export const IRQ_CRC_ERROR = 64;
export const IRQ_CAD_DONE = 128;
export const IRQ_CAD_DETECTED = 256;
export const IRQ_TIMEOUT = 512;

// Chip modes in bits 6:4 of the status byte (table 13-76).
export const MODE_RX = 5;
export const MODE_TX = 6;

// Registers (chapter 12).
export const REG_SYNC_WORD = 0x0740;
export const REG_RX_GAIN = 0x08ac;
/** In no datasheet: bit 0 helps reception behind an amplifier (MeshCore, Heltec V4). */
export const REG_RX_PATCH = 0x08b5;
export const REG_CURRENT_LIMIT = 0x08e7;
/** 15.1: modulation quality at 500 kHz, bit 2. */
export const REG_TX_MODULATION = 0x0889;
/** 15.2: PA clamping with a poor antenna, bits 4:1. */
export const REG_TX_CLAMP = 0x08d8;
/** 15.4: inverted IQ, bit 2. */
export const REG_IQ_POLARITY = 0x0736;
/** Text that begins with "SX1261", in an SX1262 too. */
export const REG_VERSION = 0x0320;
export const VERSION_FIRST = 0x53;

/** MeshCore's sync word 0x12 ("private"), spread over the two registers. */
export const SYNC_WORD = [0x14, 0x24];
export const RX_GAIN_BOOSTED = 0x96;
export const RX_GAIN_SAVING = 0x94;

/** Optimal PA settings (table 13-21): up to this power, paDutyCycle, hpMax. SetTxParams then counts down from 22. */
export const PA_ROWS = [
  [14, 2, 2],
  [17, 2, 3],
  [20, 3, 5],
  [22, 4, 7],
];

/** SetModulationParams bandwidth codes (table 13-48), Hz rounded down as in RadioSettings. */
export const BANDWIDTH_CODES = [
  [7800, 0x00],
  [10400, 0x08],
  [15600, 0x01],
  [20800, 0x09],
  [31250, 0x02],
  [41700, 0x0a],
  [62500, 0x03],
  [125000, 0x04],
  [250000, 0x05],
  [500000, 0x06],
];

/** SetRfFrequency counts in steps of 32 MHz / 2^25 (13.4.1). */
export const STEPS_PER_HZ = 1.048576;
/** 5 ms for the TCXO to settle, in steps of 15.625 us (13.3.6). */
export const TCXO_DELAY = 320;
