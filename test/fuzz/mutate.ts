// Spoils bytes the way lines, radios and attackers do.
import type { Random } from "../../simulator/random.ts";

/** Bytes that mean something to a parser here: borders and escapes of KISS, line ends, limits, header bits. */
const TELLING = [
  0, 1, 2, 0x08, 0x0a, 0x0d, 0x10, 0x15, 0x22, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xdb, 0xdc, 0xdd, 0xff,
];

/** `seed` with one to four changes, at most `limit` bytes; `other` may lend a part. The arrays stay as they are. */
export function mutated(random: Random, seed: Uint8Array, other: Uint8Array, limit: number): Uint8Array {
  let bytes: Buffer = Buffer.from(seed);
  for (let changes = 1 + (random.bits() & 3); changes > 0; changes--) bytes = change(random, bytes, other);
  return bytes.length > limit ? bytes.subarray(0, limit) : bytes;
}

function change(random: Random, bytes: Buffer, other: Uint8Array): Buffer {
  const at = below(random, bytes.length + 1);
  const length = below(random, Math.min(40, bytes.length - at + 1));
  switch (random.bits() & 7) {
    case 0:
      if (at < bytes.length) bytes[at] ^= 1 << (random.bits() & 7);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random.bits();
      return bytes;
    case 2:
      if (at < bytes.length) bytes[at] = random.pick(TELLING);
      return bytes;
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.of(random.pick(TELLING)), bytes.subarray(at)]);
    case 5:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 6:
      return bytes.subarray(0, at);
    default: {
      const from = below(random, other.length + 1);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from)]);
    }
  }
}

/** 0 up to and without `limit`, 0 for a limit of 0. */
export function below(random: Random, limit: number): number {
  return Math.floor(random.fraction() * limit);
}

export function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = random.bits();
  return bytes;
}
