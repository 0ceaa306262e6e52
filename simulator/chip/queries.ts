// biome-ignore-all lint/complexity/useSimpleNumberKeys: opcodes and addresses are hex in the datasheet
// Commands that read. The answer already holds the status byte everywhere.

import { RX } from "./commands.ts";
import type { ChipModel } from "./sx126x.ts";

type Query = (chip: ChipModel, bytes: Uint8Array, out: Uint8Array) => void;

export const READ_COMMANDS: { readonly [opcode: number]: Query } = {
  // GetStatus
  0xc0: () => undefined,
  // GetIrqStatus
  0x12: (chip, _, out) => put16(out, 2, chip.irq),
  // GetDeviceErrors
  0x17: (chip, _, out) => put16(out, 2, chip.errors),
  // GetPacketType
  0x11: (_chip, _, out) => {
    out[2] = 1;
  },
  // GetRxBufferStatus
  0x13: (chip, _, out) => {
    out[2] = chip.buffer.rxLength;
    out[3] = chip.buffer.rxStart;
  },
  // GetPacketStatus: RSSI in -dBm/2, SNR in quarter dB, RSSI of the despread signal
  0x14: (chip, _, out) => {
    out[2] = out[4] = -2 * chip.rssi;
    out[3] = Math.round(4 * chip.snr) & 255;
  },
  // GetRssiInst
  0x15: (chip, _, out) => {
    out[2] = chip.mode === RX ? -2 * chip.level() : 0xff;
  },
  // GetStats
  0x10: (chip, _, out) => {
    put16(out, 2, chip.received);
    put16(out, 4, chip.crcErrors);
    put16(out, 6, chip.headerErrors);
  },
  // ReadRegister
  0x1d: (chip, bytes, out) => {
    const address = ((bytes[1] << 8) | bytes[2]) - 4;
    for (let i = 4; i < out.length; i++) out[i] = chip.register(address + i);
  },
  // ReadBuffer
  0x1e: (chip, bytes, out) => {
    chip.buffer.load(bytes[1], out.length - 3, new Uint8Array(out.buffer, 3));
  },
};

/** Big endian, as the chip answers. */
function put16(out: Uint8Array, at: number, value: number): void {
  out[at] = value >> 8;
  out[at + 1] = value & 255;
}
