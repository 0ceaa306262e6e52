/*
 * Group channels: their keys, and the sealed payload of GRP_TXT and GRP_DATA (MeshCore: src/Utils.cpp, Mesh.cpp):
 *
 *   hash u8          first byte of SHA-256 over the key
 *   mac 2 bytes      beginning of HMAC-SHA256 over the ciphertext, under the key zero padded to 32 bytes
 *   ciphertext       AES-128-ECB under the first 16 bytes of the key, the last block zero padded
 */

import { view } from "./bytes.ts";
import type { CryptoPort } from "./crypto.ts";
import { hmacPadsOf } from "./hmac.ts";

/** The channel `Public` that every MeshCore node knows. */
export const PUBLIC_CHANNEL_KEY = new Uint8Array([
  0x8b, 0x33, 0x87, 0xe9, 0xc5, 0xcd, 0xea, 0x6a, 0xc9, 0xe5, 0xed, 0xba, 0xa1, 0x15, 0xcd, 0x72,
]);

/** Longest plaintext: MeshCore sends no more than 11 blocks, and refuses what could need 12. */
export const MAX_PLAIN = 168;

/** Bytes in front of the ciphertext: channel hash and MAC. */
const SEAL_HEADER = 3;
const BLOCK = 16;
const PADS = 64;
const MOST_BLOCKS = 11;

/** One group channel, ready for use by GroupCipher. */
export class Channel {
  /** Zero padded to 32 bytes. */
  key32: Uint8Array;
  /** 16 or 32. */
  keyLen: number;
  /** What its packets begin with. Other channels may have the same. */
  hash: number;
  aesKey: Uint8Array;
  /** Of HMAC-SHA256, see hmacPadsOf(); the two views below are its parts. */
  pads: Uint8Array;
  innerPad: Uint8Array;
  outerPad: Uint8Array;

  /** `key32` is kept, and begins its memory. */
  constructor(key32: Uint8Array, keyLen: number, hash: number) {
    this.key32 = key32;
    this.keyLen = keyLen;
    this.hash = hash;
    this.aesKey = new Uint8Array(key32.buffer, 0, 16);
    this.pads = hmacPadsOf(new Int32Array(key32.buffer), keyLen / 4);
    this.innerPad = new Uint8Array(this.pads.buffer, 0, PADS);
    this.outerPad = new Uint8Array(this.pads.buffer, PADS, PADS + 32);
  }
}

/**
 * A channel from its key of 16 or 32 bytes; anything else throws. A key of 32 bytes that ends in 16 zeros is the 16-byte
 * key in front of them, as for MeshCore's BaseChatMesh::setChannel, which is what phones use (addChannel hashes all 32
 * and so gives the same key another channel hash).
 */
export function makeChannel(crypto: CryptoPort, key: Uint8Array): Channel {
  if (key.length !== 16 && key.length !== 32)
    throw new Error("channel key: 16 or 32 bytes are needed, got " + key.length);
  const key32 = new Uint8Array(32);
  key32.set(key);
  const words = new Int32Array(key32.buffer);
  const keyLen = words[4] | words[5] | words[6] | words[7] ? 32 : 16;
  return new Channel(key32, keyLen, crypto.sha256(new Uint8Array(key32.buffer, 0, keyLen))[0]);
}

/**
 * The key that everybody derives from a name: the first 16 bytes of SHA-256 of `#name`. `name` is UTF-8; the `#` is put
 * in front where it is missing. Upper and lower case differ.
 */
export function hashtagKey(crypto: CryptoPort, name: Uint8Array): Uint8Array {
  const tagged = name[0] === 0x23 ? 0 : 1;
  const bytes = new Uint8Array(tagged + name.length);
  bytes[0] = 0x23;
  bytes.set(name, tagged);
  return view(crypto.sha256(bytes), 0, 16);
}

/**
 * Opens and seals group payloads. One for all channels: it owns the working memory, so that a packet costs two hashes,
 * a few bulk copies and no loop.
 */
export class GroupCipher {
  /** What open() deciphered; overwritten by the next one. */
  plain: Uint8Array;
  private readonly crypto: CryptoPort;
  private readonly digest: (data: Uint8Array) => ArrayBufferLike;
  /** Inner pad of `padded` and behind it the ciphertext. */
  private readonly work: Uint8Array;
  private readonly words: Int32Array;
  /** By number of blocks: the ciphertext in `work`, and what goes through the inner hash. A view costs a board as much as a hash. */
  private readonly texts: Uint8Array[];
  private readonly inner: Uint8Array[];
  private readonly zeros: Uint8Array;
  private padded: Channel | null;

  constructor(crypto: CryptoPort) {
    this.crypto = crypto;
    this.digest = crypto.digest || ((data) => crypto.sha256(data).buffer);
    this.plain = new Uint8Array(192);
    this.work = new Uint8Array(PADS + MOST_BLOCKS * BLOCK);
    this.words = new Int32Array(this.work.buffer);
    this.texts = [];
    this.inner = [];
    for (let i = 0; i <= MOST_BLOCKS; i++) {
      this.texts.push(view(this.work, PADS, i * BLOCK));
      this.inner.push(view(this.work, 0, PADS + i * BLOCK));
    }
    this.zeros = new Uint8Array(BLOCK);
    this.padded = null;
  }

  /**
   * True when the `len` payload bytes at `at` were made with this channel's key: hash byte and MAC are right. A
   * ciphertext that is empty or no whole number of blocks never is.
   */
  matches(channel: Channel, payload: Uint8Array, at: number, len: number): boolean {
    return len > 0 && payload[at] === channel.hash && this.isBy(channel, view(payload, at, len), 0, len);
  }

  /**
   * The same for a payload that is known to have the channel's hash byte: `len` bytes of `bytes` with `lead` bytes in front
   * of them, 0 or 1, and nothing behind them.
   */
  isBy(channel: Channel, bytes: Uint8Array, lead: number, len: number): boolean {
    const blocks = (len - SEAL_HEADER) / BLOCK;
    const inner = this.inner[blocks];
    // There is no entry for half a block.
    if (!inner || !blocks) return false;
    const work = this.work;
    if (this.padded !== channel) {
      work.set(channel.innerPad);
      this.padded = channel;
    }
    // Ciphertext behind the pad. What stands in front of it hits the end of the pad, which is the same for every key.
    work.set(bytes, PADS - SEAL_HEADER - lead);
    this.words[PADS / 4 - 1] = 0x36363636;
    channel.pads.set(new Uint8Array(this.digest(inner)), 2 * PADS);
    const mac = new Uint8Array(this.digest(channel.outerPad));
    return mac[0] === bytes[lead + 1] && mac[1] === bytes[lead + 2];
  }

  /** Deciphers into `plain` and returns the length, zero padding included; -1 when the payload is not authentic. */
  open(channel: Channel, payload: Uint8Array, at: number, len: number): number {
    if (!this.matches(channel, payload, at, len)) return -1;
    this.crypto.aesDecrypt(channel.aesKey, this.texts[(len - SEAL_HEADER) / BLOCK], this.plain);
    return len - SEAL_HEADER;
  }

  /**
   * Makes a payload from the first `len` bytes of `plain` and writes it to `out` at `at`. Returns its length, -1 when
   * `plain` is longer than MAX_PLAIN or the payload than `out`. `plain` may be this cipher's own.
   */
  seal(channel: Channel, plain: Uint8Array, len: number, out: Uint8Array, at: number): number {
    const size = (len + 15) & ~15;
    if (len > MAX_PLAIN || at + SEAL_HEADER + size > out.length) return -1;
    const work = this.work;
    const text = this.texts[size / BLOCK];
    if (size) {
      work.set(this.zeros, PADS + size - BLOCK);
      work.set(view(plain, 0, len), PADS);
      this.crypto.aesEncrypt(channel.aesKey, text, text);
    }
    if (this.padded !== channel) {
      work.set(channel.innerPad);
      this.padded = channel;
    }
    channel.pads.set(this.crypto.sha256(this.inner[size / BLOCK]), 2 * PADS);
    const mac = this.crypto.sha256(channel.outerPad);
    out[at] = channel.hash;
    out[at + 1] = mac[0];
    out[at + 2] = mac[1];
    out.set(text, at + SEAL_HEADER);
    return size + SEAL_HEADER;
  }
}
