// Flash memory as it is: programming takes bits from 1 to 0, only erasing a page brings them back, and the power can go in the
// middle of either.

const FLASH_PAGE = 4096;
const WORD = 4;

export interface FlashOperation {
  readonly kind: "write" | "erase";
  readonly address: number;
  /** Words that it programs or erases. */
  readonly words: number;
  /** What it programs. */
  readonly data?: Uint8Array;
}

/** How far an operation comes before the power is gone: so many whole words, and some bits of the next one. */
export interface Cut {
  readonly words: number;
  /** Bits of the word behind them that have changed already; what an operation would not change stays as it is. */
  readonly bits: number;
}

/** Thrown through the program: nothing runs any more. */
export class PowerCut extends Error {
  constructor() {
    super("the power is gone");
  }
}

/** The flash of one board from `address` on; it outlasts the board's power. */
export class Flash {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Operations so far. */
  operations = 0;
  /** How often each page was erased. */
  readonly erased: Uint32Array;
  /** Asked before each operation; a Cut ends it early and takes the power away. */
  beforeEach: (operation: FlashOperation) => Cut | null = () => null;
  /** False for tests that give the board no time. */
  takesTime = true;
  /** What the program did that no flash can do. */
  readonly violations: string[] = [];

  constructor(address: number, pages: number) {
    this.address = address;
    this.bytes = new Uint8Array(pages * FLASH_PAGE).fill(255);
    this.erased = new Uint32Array(pages);
  }

  holds(address: number, length = 1): boolean {
    return address >= this.address && address + length <= this.address + this.bytes.length;
  }

  read(address: number, length: number): Uint8Array {
    this.claim("read", address, length);
    return this.bytes.slice(address - this.address, address - this.address + length);
  }

  /** Throws PowerCut when the power went, Error for an address that a real chip would not take. */
  write(address: number, data: Uint8Array): void {
    this.claim("write", address, data.length);
    if (address % WORD || data.length % WORD) throw this.broken(`write of ${data.length} bytes at ${hex(address)}`);
    const at = address - this.address;
    const cut = this.begin({ kind: "write", address, words: data.length / WORD, data });
    const whole = cut ? Math.min(cut.words * WORD, data.length) : data.length;
    for (let i = 0; i < whole; i++) {
      if (data[i] & ~this.bytes[at + i]) this.broken(`a bit from 0 to 1 at ${hex(address + i)}`);
      this.bytes[at + i] &= data[i];
    }
    if (cut) {
      for (let i = whole; i < Math.min(whole + WORD, data.length); i++) {
        this.bytes[at + i] &= data[i] | ~(cut.bits >>> (8 * (i - whole)));
      }
      throw new PowerCut();
    }
  }

  /** Erases the page that holds `address`. */
  erase(address: number): void {
    this.claim("erase", address, 1);
    const page = Math.floor((address - this.address) / FLASH_PAGE);
    const start = page * FLASH_PAGE;
    const cut = this.begin({ kind: "erase", address: this.address + start, words: FLASH_PAGE / WORD });
    this.erased[page]++;
    if (!cut) {
      this.bytes.fill(255, start, start + FLASH_PAGE);
      return;
    }
    // A page is erased as a whole: what is cut off leaves each word where it got to.
    for (let word = 0; word < FLASH_PAGE / WORD; word++) {
      for (let i = 0; i < WORD; i++) {
        const bits = word < cut.words ? 255 : (cut.bits >>> (8 * i)) ^ (word * 37);
        this.bytes[start + word * WORD + i] |= bits & 255;
      }
    }
    throw new PowerCut();
  }

  /** Does an operation again that beforeEach was told of. */
  redo(operation: FlashOperation): void {
    if (operation.data) this.write(operation.address, operation.data);
    else this.erase(operation.address);
  }

  /** The same memory, with a life of its own. */
  copy(): Flash {
    const copy = new Flash(this.address, this.bytes.length / FLASH_PAGE);
    copy.bytes.set(this.bytes);
    return copy;
  }

  private begin(operation: FlashOperation): Cut | null {
    this.operations++;
    return this.beforeEach(operation);
  }

  private claim(what: string, address: number, length: number): void {
    if (!this.holds(address, length)) throw this.broken(`${what} at ${hex(address)}, outside of what is the program's`);
  }

  private broken(sentence: string): Error {
    this.violations.push(sentence);
    return new Error(sentence);
  }
}

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
