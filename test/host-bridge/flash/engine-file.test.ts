import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { BOARDS } from "../../../boards/all.ts";
import type { Board } from "../../../boards/board.ts";
import { RoomError } from "../../../host-bridge/errors.ts";
import { readEngineFile } from "../../../host-bridge/flash/engine-file.ts";
import { Scratch } from "../scratch.ts";
import { espImage, partitionTable, tar, uf2 } from "./engine-files.ts";

const boardOf = (id: string): Board => BOARDS.find((board) => board.id === id) as Board;
const ESP = boardOf("heltec-v4");
const NRF = boardOf("rak4631");

describe("flash: the engine's file", () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clean());

  const read = (board: Board, name: string, data: Buffer) => {
    const path = join(scratch.dir(), name);
    writeFileSync(path, data);
    return readEngineFile(board, path);
  };
  const refusal = (board: Board, name: string, data: Buffer): string => {
    try {
      read(board, name, data);
    } catch (error) {
      assert.ok(error instanceof RoomError);
      assert.equal(error.code, "bad_usage");
      return `${error.expected} / ${error.found} / ${error.hint}`;
    }
    throw new Error(`${name} was taken`);
  };

  it("ESP32-S3: the three pieces of Espruino's package, each at its address", () => {
    const folder = "espruino_2v29_esp32s3";
    const files: [string, Buffer][] = [
      [`${folder}/README_flash.txt`, Buffer.from("text")],
      [`${folder}/bootloader.bin`, espImage()],
      [`${folder}/partition-table.bin`, partitionTable()],
      [`${folder}/espruino-esp32s3.bin`, espImage(9, 3000)],
    ];
    const file = read(ESP, "espruino.tgz", gzipSync(tar(files)));
    assert.ok(file.kind === "esp");
    assert.deepEqual(
      file.parts.map(({ name, offset, data }) => [name, offset, data.length]),
      [
        ["bootloader.bin", 0, 64],
        ["partition-table.bin", 0x8000, 32],
        ["espruino-esp32s3.bin", 0x10000, 3000],
      ],
    );
    assert.match(refusal(ESP, "espruino.tgz", gzipSync(tar(files.slice(0, 2)))), /partition-table\.bin/);
    assert.match(refusal(ESP, "espruino.tgz", Buffer.from("no gzip")), /gzipped tar/);
  });

  it("ESP32-S3: a whole image is one piece; a program alone and one for another chip are refused", () => {
    const whole = Buffer.concat([espImage(9, 0x8000), partitionTable()]);
    const file = read(ESP, "whole.bin", whole);
    assert.ok(file.kind === "esp");
    assert.deepEqual([file.parts.length, file.parts[0].offset], [1, 0]);
    assert.match(refusal(ESP, "app.bin", espImage(9, 0x9000)), /a program alone/);
    assert.match(refusal(ESP, "c3.bin", espImage(5, 0x9000)), /chip number 5/);
    assert.match(refusal(ESP, "text.bin", Buffer.alloc(100)), /something else/);
    assert.match(refusal(ESP, "rak.uf2", uf2([[0x26000, 256]])), /\.tgz/);
  });

  it("nRF52840: a UF2 is read to its last block", () => {
    const blocks: [number, number][] = [
      [0x26000, 256],
      [0x26100, 256],
      [0x9ff00, 256],
    ];
    const file = read(NRF, "espruino.uf2", uf2(blocks));
    assert.ok(file.kind === "uf2");
    assert.deepEqual([file.from, file.to], [0x26000, 0xa0000]);
    assert.match(refusal(NRF, "espruino.uf2", uf2(blocks).subarray(0, 1024)), /cut off/);
    assert.match(refusal(NRF, "espruino.uf2", uf2(blocks).subarray(0, 1000)), /UF2 file/);
    assert.match(refusal(NRF, "espruino.uf2", uf2(blocks, 0xe48bff56)), /family 0xe48bff56/);
  });

  it("nRF52840: an image that reaches the bootloader is refused, one that ends right below it is not", () => {
    assert.equal(read(NRF, "e.uf2", uf2([[0xf3f00, 256]])).kind, "uf2");
    assert.match(refusal(NRF, "e.uf2", uf2([[0xf3f01, 256]])), /0xF4000 .*bootloader would be gone/);
  });

  it("nRF52840: a DFU package is known by its zip; a .hex is refused", () => {
    assert.equal(read(NRF, "e.zip", Buffer.from("PK\x03\x04")).kind, "dfu");
    assert.match(refusal(NRF, "e.zip", Buffer.from("no zip")), /no zip/);
    assert.match(refusal(NRF, "e.hex", Buffer.from(":00")), /\.uf2/);
    assert.throws(() => readEngineFile(NRF, "/nowhere/e.uf2"), /engine-file/);
  });
});
