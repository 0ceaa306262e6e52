// biome-ignore-all lint/complexity/useSimpleNumberKeys: opcodes and addresses are hex in the datasheet
// Commands that set something and start nothing.
import { SLEEP, STBY_RC } from "./commands.ts";
import { bandwidthHz, frequencyHz } from "./radio.ts";
import type { ChipModel } from "./sx126x.ts";

/** A sentence when the command is refused. The bytes of an accepted one with bit 7 in its opcode stay in `chip.given`. */
type Setting = (chip: ChipModel, bytes: Uint8Array) => string | undefined;

const accepted: Setting = () => undefined;
const needsType: Setting = (chip) => (chip.given[0x8a] ? undefined : "came before SetPacketType");

export const SETTING_COMMANDS: { readonly [opcode: number]: Setting } = {
  // SetPacketType
  0x8a: (chip, b) => {
    // Settings of the old type do not carry over.
    chip.given[0x8b] = chip.given[0x8c] = undefined;
    return b[1] === 1 ? undefined : "asks for packet type " + b[1] + ", not LoRa";
  },
  // SetRfFrequency
  0x86: (_chip, b) => {
    const mhz = frequencyHz(b) / 1000000;
    return mhz < 150 || mhz > 960 ? "asks for " + mhz + " MHz, outside 150..960" : undefined;
  },
  // SetModulationParams: SF, BW, CR, LDRO
  0x8b: (chip, b) => {
    const known = b[1] > 4 && b[1] < 13 && bandwidthHz(b[2]) && b[3] > 0 && b[3] < 5 && b[4] < 2;
    return known ? needsType(chip, b) : "has no such setting";
  },
  // SetPacketParams: preamble (2), implicit header, length, CRC, inverted IQ
  0x8c: (chip, b) => {
    // Datasheet 15.4: register 0x0736 has to follow the polarity each time.
    chip.iqFixed = false;
    return b[1] | b[2] && b[3] < 2 && b[5] < 2 && b[6] < 2 ? needsType(chip, b) : "has no such setting";
  },
  // SetPaConfig: duty, hpMax, device, LUT
  0x95: (chip, b) => {
    // The command puts the current limit back to its own idea of it (datasheet 13.1.14): 140 mA for the SX1262.
    chip.regs[0x08e7] = 0x38;
    return b[1] > 4 || b[2] > 7 || b[3] || b[4] !== 1 ? "is not for an SX1262" : undefined;
  },
  // SetTxParams: power, ramp
  0x8e: (_chip, b) => {
    const power = b[1] > 127 ? b[1] - 256 : b[1];
    if (power > 22 || power < -9) return "asks for " + power + " dBm, outside -9..22";
    return b[2] > 7 ? "has no ramp time " + b[2] : undefined;
  },
  // SetDIO3AsTCXO: voltage, timeout (3)
  0x97: (chip, b) => {
    chip.tcxo = b[1] & 7;
    chip.tcxoMs = ((b[2] << 16) | (b[3] << 8) | b[4]) / 64;
    // What was calibrated with the other oscillator is void.
    chip.calibrated = false;
    if (!chip.oscillates())
      chip.broke(b[0], "sets voltage code " + chip.tcxo + ", the board needs " + chip.wiring.tcxo);
    return undefined;
  },
  // SetDioIrqParams
  0x08: (chip, b) => {
    chip.irqMask = (b[1] << 8) | b[2];
    chip.dio1Mask = (b[3] << 8) | b[4];
    return undefined;
  },
  // ClearIrqStatus
  0x02: (chip, b) => {
    chip.irq &= ~((b[1] << 8) | b[2]);
    return undefined;
  },
  // ClearDeviceErrors
  0x07: (chip) => {
    chip.errors = 0;
    return undefined;
  },
  // SetBufferBaseAddress
  0x8f: (chip, b) => {
    chip.buffer.setBases(b[1], b[2]);
    return undefined;
  },
  // SetRxTxFallbackMode: 0x20 STBY_RC, 0x30 STBY_XOSC, 0x40 FS
  0x93: (_chip, b) => (b[1] === 0x20 || b[1] === 0x30 || b[1] === 0x40 ? undefined : "has no mode " + b[1]),
  // SetDIO2AsRfSwitch, StopTimerOnPreamble, SetLoRaSymbNumTimeout, SetCadParams
  0x9d: accepted,
  0x9f: accepted,
  0xa0: accepted,
  0x88: accepted,
  // WriteRegister
  0x0d: (chip, b) => {
    const address = (b[1] << 8) | b[2];
    for (let i = 3; i < b.length; i++) chip.wanted[address + i - 3] = chip.regs[address + i - 3] = b[i];
    if (address === 0x0736) chip.iqFixed = true;
    return undefined;
  },
  // WriteBuffer
  0x0e: (chip, b) => {
    const fits = chip.buffer.fill(b[1], new Uint8Array(b.buffer, b.byteOffset + 2, b.length - 2));
    return fits ? undefined : "runs over the end of the buffer";
  },
  // ResetStats with six zeros behind it, NOP without
  0x00: (chip, b) => {
    if (b.length > 6) chip.received = chip.crcErrors = chip.headerErrors = 0;
    return undefined;
  },
  // SetSleep
  0x84: (chip) => {
    chip.enter(SLEEP);
    return undefined;
  },
  // SetStandby
  0x80: (chip, b) => {
    chip.enter(STBY_RC + (b[1] & 1));
    if (b[1] & 1) chip.busyUntil += 0.03 + chip.tcxoMs;
    return undefined;
  },
};
