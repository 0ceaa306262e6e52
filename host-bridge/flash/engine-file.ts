// What --engine-file may be, and whether it is for this board: checked in full before anything is written.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Board } from "../../boards/board.ts";
import { RoomError } from "../errors.ts";

/** A piece for esptool: a file of its own at an address of the flash. */
export interface FlashPart {
  name: string;
  offset: number;
  data: Buffer;
}

/**
 * esp: pieces for esptool. uf2: for the drive that the bootloader shows, with the addresses it fills. dfu: a package for
 * adafruit-nrfutil.
 */
export type EngineFile =
  | { kind: "esp"; path: string; parts: FlashPart[] }
  | { kind: "uf2"; path: string; from: number; to: number }
  | { kind: "dfu"; path: string };

/** The Adafruit bootloader begins here on every nRF52840 board of ours. */
const NRF_BOOTLOADER = 0xf4000;
/** UF2's number for nRF52840 (Microsoft's list of families). */
const NRF52840_FAMILY = 0xada52840;
const UF2_BLOCK = 512;
/** ESP-IDF's image header: first byte, and the chip's number at offset 12. */
const ESP_IMAGE = 0xe9;
const ESP32S3_CHIP = 9;
/** A partition table begins with these bytes, at this place of a whole flash image. */
const PARTITION_MAGIC = 0x50aa;
const PARTITION_AT = 0x8000;
const ESP_PARTS: [file: RegExp, offset: number, isImage: boolean][] = [
  [/^bootloader\.bin$/, 0x0, true],
  [/^partition-table\.bin$/, PARTITION_AT, false],
  [/^espruino.*\.bin$/, 0x10000, true],
];

/** Reads and checks the file. Throws RoomError `bad_usage` with what it should have been. */
export function readEngineFile(board: Board, path: string): EngineFile {
  const data = read(path);
  if (board.mcu === "ESP32-S3") return { kind: "esp", path, parts: espParts(path, data) };
  if (/\.uf2$/i.test(path)) return { kind: "uf2", path, ...uf2Range(path, data) };
  if (/\.zip$/i.test(path)) {
    if (data.toString("latin1", 0, 2) === "PK") return { kind: "dfu", path };
    throw wrong(path, "a DFU package", "a file that is no zip");
  }
  throw wrong(
    path,
    "a .uf2 file, or the .zip of a DFU package",
    basename(path),
    "Espruino's build writes a .uf2 for this board",
  );
}

function espParts(path: string, data: Buffer): FlashPart[] {
  if (/\.(tgz|tar\.gz)$/i.test(path)) {
    const files = untar(path, data);
    return ESP_PARTS.map(([pattern, offset, isImage]) => {
      const found = files.find(({ name }) => pattern.test(name));
      if (found === undefined) {
        const names = files.map(({ name }) => name).join(", ");
        throw wrong(path, "bootloader.bin, partition-table.bin and espruino*.bin in it", names || "nothing");
      }
      if (isImage) checkEspImage(`${path}: ${found.name}`, found.data);
      else if (found.data.readUInt16LE(0) !== PARTITION_MAGIC) throw wrong(path, "a partition table", found.name);
      return { name: found.name, offset, data: found.data };
    });
  }
  if (!/\.bin$/i.test(path))
    throw wrong(path, "Espruino's .tgz for this chip, or a whole flash image .bin", basename(path));
  checkEspImage(path, data);
  // A program alone, behind another firmware's partition table, would start and then overwrite what that table keeps.
  if (data.length < PARTITION_AT + 2 || data.readUInt16LE(PARTITION_AT) !== PARTITION_MAGIC) {
    const hint = "give the whole .tgz: it has bootloader and partition table besides the program";
    throw wrong(path, "an image with a partition table at 0x8000", "a program alone", hint);
  }
  return [{ name: basename(path), offset: 0, data }];
}

function checkEspImage(path: string, data: Buffer): void {
  if (data.length < 32 || data[0] !== ESP_IMAGE) throw wrong(path, "an image for an ESP32-S3", "something else");
  const chip = data.readUInt16LE(12);
  if (chip !== ESP32S3_CHIP) throw wrong(path, "an image for an ESP32-S3", `one for chip number ${chip}`);
}

/** Lowest and highest address + 1. Refuses what would reach the bootloader: without it there is no way back over USB. */
function uf2Range(path: string, data: Buffer): { from: number; to: number } {
  if (data.length === 0 || data.length % UF2_BLOCK !== 0) throw wrong(path, "a UF2 file", "a length that is none");
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (let at = 0; at < data.length; at += UF2_BLOCK) {
    const isBlock =
      data.readUInt32LE(at) === 0x0a324655 &&
      data.readUInt32LE(at + 4) === 0x9e5d5157 &&
      data.readUInt32LE(at + UF2_BLOCK - 4) === 0x0ab16f30;
    if (!isBlock) throw wrong(path, "a UF2 file", `block ${at / UF2_BLOCK} is none`);
    const hasFamily = (data.readUInt32LE(at + 8) & 0x2000) !== 0;
    const family = data.readUInt32LE(at + 28);
    if (!hasFamily || family !== NRF52840_FAMILY) {
      throw wrong(
        path,
        "a UF2 file for the nRF52840",
        hasFamily ? `family 0x${family.toString(16)}` : "one without a family",
      );
    }
    const address = data.readUInt32LE(at + 12);
    from = Math.min(from, address);
    to = Math.max(to, address + data.readUInt32LE(at + 16));
  }
  if (data.readUInt32LE(24) !== data.length / UF2_BLOCK) throw wrong(path, "a whole UF2 file", "one that is cut off");
  if (to > NRF_BOOTLOADER) {
    const hint =
      "never flash this file on this board: its bootloader would be gone. Build the board file in boards/espruino/";
    throw wrong(path, "an image that ends below the bootloader at 0xF4000", `one up to 0x${to.toString(16)}`, hint);
  }
  return { from, to };
}

/** Files of a gzipped tar, by their names without folders. */
function untar(path: string, packed: Buffer): { name: string; data: Buffer }[] {
  let tar: Buffer;
  try {
    tar = gunzipSync(packed);
  } catch (error) {
    throw wrong(path, "a gzipped tar file", (error as Error).message);
  }
  const files = [];
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const name = tar.toString("latin1", at, at + 100).replace(/\0.*$/s, "");
    const size = Number.parseInt(tar.toString("latin1", at + 124, at + 136), 8) || 0;
    const isFile = tar[at + 156] === 0 || tar[at + 156] === 0x30;
    if (isFile) files.push({ name: basename(name), data: tar.subarray(at + 512, at + 512 + size) });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw wrong(path, "a readable file", (error as NodeJS.ErrnoException).code ?? "an error", "check the path");
  }
}

function wrong(path: string, expected: string, found: string, hint?: string): RoomError {
  const where = "where engine builds come from: boards/README.md";
  return new RoomError("bad_usage", `--engine-file ${path}`, { expected, found, hint: hint ?? where });
}
