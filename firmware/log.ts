// Records in flash pages, one after the other, the newest page following the one before it in a circle. Whenever the power goes,
// what was written before is there, and a record is there as a whole or not at all: docs/decisions/0006-flash.md.
//
//   page    magic u32, number u32 (counts up), CRC-32 of both u32; records
//   record  CRC-32 of all that follows u32, length u16, kind u8, 0, data, padding up to a whole word
import { readU32, view } from "../protocol/bytes.ts";
import type { FlashPort, Hal } from "./hal.ts";

export const PAGE_BYTES = 4096;
export const PAGE_HEAD = 12;
export const RECORD_HEAD = 8;
export const MAGIC = 0x314c434d;
/** CRC-32 of START_BYTES of 255. */
const BLANK = 0xbd7bc39f;
/** A write that the power cut off has left its trace in so many bytes: no chip programs more at a time. */
export const START_BYTES = 512;

export class Log {
  readonly pages: number;
  /** The newest page, its number, and where its next record goes; PAGE_BYTES when a new page is due. Page 0 follows the last one. */
  page: number;
  number = 0;
  at = PAGE_BYTES;
  /** The page after it is erased. */
  ready = false;
  /** Where the data of the last record is, and its length; 0 = there is none. */
  lastAt = 0;
  lastLength = 0;

  private readonly flash: FlashPort;
  private readonly address: number;
  private readonly crc32: Hal["crc32"];

  constructor(hal: Pick<Hal, "crc32">, flash: FlashPort, address: number, pages: number) {
    this.flash = flash;
    this.crc32 = hal.crc32;
    this.address = address;
    this.pages = pages;
    this.page = pages - 1;
  }

  addressOf(page: number): number {
    return this.address + page * PAGE_BYTES;
  }

  /** The page that is erased next: the one with the oldest records. */
  next(): number {
    return this.page + 1 < this.pages ? this.page + 1 : 0;
  }

  /** Nothing is written in START_BYTES from there. */
  isBlank(address: number): boolean {
    return this.crc32(this.flash.read(START_BYTES, address)) === BLANK;
  }

  /** Erases the page after the newest: up to 90 ms, so ahead of the need for it. */
  prepare(): void {
    const address = this.addressOf(this.next());
    // What was written begins at its start, and what an erasure that was cut off leaves is everywhere.
    if (!this.isBlank(address) || !this.isBlank(address + PAGE_BYTES - START_BYTES)) this.flash.erasePage(address);
    this.ready = true;
  }

  /** True when the next record of `length` bytes begins a new page. */
  isFull(length: number): boolean {
    return this.at + RECORD_HEAD + length > PAGE_BYTES;
  }

  /**
   * Writes the `length` bytes that stand in `record` behind RECORD_HEAD free ones, and reads them back; `record` is a whole number
   * of words with room for the padding. False when they are not there then: the flash does not work.
   */
  append(record: Uint8Array, length: number, kind: number): boolean {
    this.put(record, length, kind);
    return this.check(length);
  }

  /** The first half of append(), for records so long that each half needs a handler. Nothing else is to be written in between. */
  put(record: Uint8Array, length: number, kind: number): void {
    if (this.isFull(length)) this.turn();
    const words = new Uint32Array(record.buffer, record.byteOffset, 2);
    words[1] = length | (kind << 16);
    words[0] = this.crc32(view(record, 4, length + 4));
    this.flash.write(view(record, 0, (RECORD_HEAD + length + 3) & ~3), this.addressOf(this.page) + this.at);
  }

  /** The second half: only from here on it counts. */
  check(length: number): boolean {
    const address = this.addressOf(this.page) + this.at;
    if (!this.holds(this.flash.read(RECORD_HEAD + length, address), 0)) {
      this.giveUp();
      return false;
    }
    this.at += (RECORD_HEAD + length + 3) & ~3;
    this.lastAt = address + RECORD_HEAD;
    this.lastLength = length;
    return true;
  }

  /** Nothing more goes into the newest page. One without any record is begun anew: the page behind it has what is valid. */
  giveUp(): void {
    if (this.at === PAGE_HEAD) {
      this.page = (this.page || this.pages) - 1;
      this.ready = false;
    }
    this.at = PAGE_BYTES;
  }

  /** True when a whole record begins at `at` of `bytes`. */
  holds(bytes: Uint8Array, at: number): boolean {
    const length = bytes[at + 4] | (bytes[at + 5] << 8);
    return (
      at + RECORD_HEAD + length <= bytes.length && this.crc32(view(bytes, at + 4, length + 4)) === readU32(bytes, at)
    );
  }

  /** Begins the next page. */
  turn(): void {
    if (!this.ready) this.prepare();
    this.ready = false;
    this.page = this.next();
    this.at = PAGE_HEAD;
    const head = new Uint32Array(3);
    head[0] = MAGIC;
    head[1] = ++this.number;
    const bytes = new Uint8Array(head.buffer);
    head[2] = this.crc32(view(bytes, 0, 8));
    this.flash.write(bytes, this.addressOf(this.page));
  }
}
