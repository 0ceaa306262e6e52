// Engine files as small as they can be.

/** A file for the ESP32-S3 (chip 9) or another chip of the family: its header, then nothing. */
export function espImage(chip = 9, length = 64): Buffer {
  const image = Buffer.alloc(length);
  image[0] = 0xe9;
  image.writeUInt16LE(chip, 12);
  return image;
}

export function partitionTable(): Buffer {
  return Buffer.concat([Buffer.from([0xaa, 0x50]), Buffer.alloc(30)]);
}

/** A UF2 file with these blocks: address and bytes. */
export function uf2(blocks: readonly (readonly [address: number, size: number])[], family = 0xada52840): Buffer {
  return Buffer.concat(
    blocks.map(([address, size], at) => {
      const block = Buffer.alloc(512);
      const words = [0x0a324655, 0x9e5d5157, 0x2000, address, size, at, blocks.length, family];
      for (const [i, word] of words.entries()) block.writeUInt32LE(word, 4 * i);
      block.writeUInt32LE(0x0ab16f30, 508);
      return block;
    }),
  );
}

export function tar(files: readonly (readonly [name: string, data: Buffer])[]): Buffer {
  const parts = files.flatMap(([name, data]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(data.length.toString(8).padStart(11, "0"), 124);
    header.write("0", 156);
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}
