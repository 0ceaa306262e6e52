// What must have been done before the chip goes on the air. Each breach is a sentence in `violations`; what leaves the
// chip without a defined frequency, modulation or packet is refused as well.
import { commandName, ERR_XOSC } from "./commands.ts";
import { bandwidthHz, frequencyHz } from "./radio.ts";
import type { ChipModel } from "./sx126x.ts";

/** Both directions. False: refused. */
export function mayStart(chip: ChipModel, opcode: number): boolean {
  if (lacks(chip, opcode, 0x8a) || lacks(chip, opcode, 0x8b) || lacks(chip, opcode, 0x8c) || lacks(chip, opcode, 0x86))
    return false;
  const mhz = frequencyHz(chip.bytesOf(0x86)) / 1000000;
  if (mhz < chip.imageLow * 4 || mhz > chip.imageHigh * 4)
    chip.broke(
      opcode,
      "at " + mhz + " MHz, the image is calibrated for " + chip.imageLow * 4 + ".." + chip.imageHigh * 4,
    );
  if (chip.oscillates()) {
    if (!chip.calibrated) chip.broke(opcode, "came without Calibrate since the oscillator was set up");
    if (chip.errors & ERR_XOSC) chip.broke(opcode, "came while device errors say XOSC_START_ERR");
  }
  // Datasheet 15.4: bit 2 set for standard, clear for inverted IQ.
  if (!chip.iqFixed || !(chip.regs[0x0736] & 4) !== (chip.arg(0x8c, 6) === 1))
    chip.broke(opcode, "came without the IQ fix in register 0x0736 after SetPacketParams");
  kept(chip, opcode, 0x0740, "sync word");
  kept(chip, opcode, 0x0741, "sync word");
  return true;
}

export function mayReceive(chip: ChipModel, opcode: number): boolean {
  if (!mayStart(chip, opcode)) return false;
  kept(chip, opcode, 0x08ac, "RX gain");
  const length = chip.arg(0x8c, 4);
  if (length !== 255) chip.broke(opcode, "with packet length " + length + ": longer frames are lost, 255 takes all");
  return true;
}

export function mayTransmit(chip: ChipModel, opcode: number): boolean {
  if (!mayStart(chip, opcode)) return false;
  lacks(chip, opcode, 0x95);
  lacks(chip, opcode, 0x8e);
  // Datasheet 15.1: bit 2 clear at 500 kHz, set for every other bandwidth.
  if (!(chip.regs[0x0889] & 4) !== (bandwidthHz(chip.arg(0x8b, 2)) === 500000))
    chip.broke(opcode, "came without the modulation fix in register 0x0889 for this bandwidth");
  // Datasheet 15.2.
  if ((chip.regs[0x08d8] & 0x1e) !== 0x1e) chip.broke(opcode, "came without the PA clamp fix in register 0x08D8");
  kept(chip, opcode, 0x08e7, "over-current limit");
  if (chip.wiring.dio2 && !chip.arg(0x9d, 1))
    chip.broke(opcode, "came without SetDIO2AsRfSwitch: the antenna is not connected to the amplifier");
  if (chip.wiring.rxen && chip.rxenHigh) chip.broke(opcode, "came while RXEN is high");
  const length = chip.arg(0x8c, 4);
  const filled = chip.buffer.filledTo - chip.buffer.filledFrom;
  if (!length || chip.buffer.filledFrom !== chip.buffer.txBase || filled !== length)
    chip.broke(opcode, "sends " + length + " bytes, " + filled + " were written for it");
  return true;
}

function lacks(chip: ChipModel, opcode: number, needed: number): boolean {
  if (chip.given[needed]) return false;
  chip.broke(opcode, "came without " + commandName(needed));
  return true;
}

/** A register that sleep, reset or SetPaConfig has changed behind the driver. */
function kept(chip: ChipModel, opcode: number, address: number, what: string): void {
  const wanted = chip.wanted[address];
  if (wanted !== undefined && wanted !== chip.register(address))
    chip.broke(opcode, "came after the " + what + " was lost");
}
