// Which packets were heard or sent lately, by MeshCore's 8-byte packet hash. As many as MeshCore keeps.

const ENTRIES = 160;
/** Entries with the same first byte that are looked at; that there are more, and the one in question is older, does not happen. */
const LOOKS = 8;

/**
 * The last entries in a circle. Those that begin with the same byte are chained, newest first: a search natively or in a
 * loop over all would cost more than all the rest of a packet.
 */
export class SeenTable {
  /** First words of the hashes, and behind them the second ones. */
  private readonly words = new Int32Array(2 * ENTRIES);
  /** First byte -> its newest entry + 1; entry -> the next older one + 1. What was overwritten meanwhile leads astray, see LOOKS. */
  private readonly newest = new Uint8Array(256);
  private readonly older = new Uint8Array(ENTRIES);
  private next = 0;

  /** True when the packet of this hash (the memory that begins with it) was marked before and not yet pushed out; marks it otherwise. */
  check(digest: ArrayBufferLike): boolean {
    const words = new Int32Array(digest);
    const first = words[0];
    const byte = first & 255;
    const newest = this.newest;
    const known = this.words;
    let at = newest[byte];
    for (let looks = LOOKS; at && looks; looks--) {
      if (known[at - 1] === first && known[at - 1 + ENTRIES] === words[1]) return true;
      at = this.older[at - 1];
    }
    const slot = this.next;
    known[slot] = first;
    known[slot + ENTRIES] = words[1];
    this.older[slot] = newest[byte];
    newest[byte] = this.next = slot + 1;
    if (slot === ENTRIES - 1) this.next = 0;
    return false;
  }

  /** Takes a mark back: the packet was never on the air after all. */
  forget(digest: ArrayBufferLike): void {
    const words = new Int32Array(digest);
    const known = this.words;
    const at = known.indexOf(words[0]);
    if (at >= 0 && known[at + ENTRIES] === words[1]) known[at] = known[at + ENTRIES] = 0;
  }
}
