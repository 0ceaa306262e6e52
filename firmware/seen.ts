// Which packets were heard or sent lately, by MeshCore's 8-byte packet hash. MeshCore keeps 160; so do we, at least.

/** One linear native search costs less than any loop here, so the table is split by the first hash byte only. */
const BUCKETS = 8;
const PER_BUCKET = 40;

export class SeenTable {
  private readonly first: Int32Array[] = [];
  private readonly second: Int32Array[] = [];
  private readonly next = new Uint8Array(BUCKETS);

  constructor() {
    for (let i = 0; i < BUCKETS; i++) {
      this.first.push(new Int32Array(PER_BUCKET));
      this.second.push(new Int32Array(PER_BUCKET));
    }
  }

  /** True when `hash` (8 bytes) was marked before and not yet pushed out; marks it otherwise. */
  check(hash: Uint8Array): boolean {
    const words = new Int32Array(hash.buffer, hash.byteOffset, 2);
    const high = words[0];
    const low = words[1];
    const bucket = hash[0] & (BUCKETS - 1);
    const firsts = this.first[bucket];
    const seconds = this.second[bucket];
    const found = firsts.indexOf(high);
    if (found >= 0 && seconds[found] === low) return true;
    const slot = this.next[bucket];
    firsts[slot] = high;
    seconds[slot] = low;
    this.next[bucket] = (slot + 1) % PER_BUCKET;
    return false;
  }
}
