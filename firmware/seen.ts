// Which packets were heard or sent lately, by MeshCore's 8-byte packet hash. MeshCore keeps 160; so do we, at least.

/** A native search of a short row costs less than any loop here; the first hash byte tells the row. */
const ROWS = 16;
const PER_ROW = 20;

export class SeenTable {
  /** First and second halves of the hashes. */
  private readonly firsts: Int32Array[] = [];
  private readonly seconds: Int32Array[] = [];
  private readonly next = new Uint8Array(20);

  constructor() {
    for (let i = 0; i < ROWS; i++) {
      this.firsts.push(new Int32Array(PER_ROW));
      this.seconds.push(new Int32Array(PER_ROW));
    }
  }

  /** True when `hash` (8 bytes or the digest that they begin) was marked before and not yet pushed out; marks it otherwise. */
  check(hash: Uint8Array): boolean {
    const words = new Int32Array(hash.buffer, hash.byteOffset, 2);
    const row = hash[0] & (ROWS - 1);
    const firsts = this.firsts[row];
    const found = firsts.indexOf(words[0]);
    if (found >= 0 && this.seconds[row][found] === words[1]) return true;
    const slot = this.next[row];
    firsts[slot] = words[0];
    this.seconds[row][slot] = words[1];
    this.next[row] = slot < PER_ROW - 1 ? slot + 1 : 0;
    return false;
  }

  /** Takes a mark back: the packet was never on the air after all. */
  forget(hash: Uint8Array): void {
    const words = new Int32Array(hash.buffer, hash.byteOffset, 2);
    const row = hash[0] & (ROWS - 1);
    const found = this.firsts[row].indexOf(words[0]);
    if (found >= 0 && this.seconds[row][found] === words[1]) this.firsts[row][found] = this.seconds[row][found] = 0;
  }
}
