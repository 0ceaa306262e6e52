// Which packets were heard or sent lately, by MeshCore's 8-byte packet hash. As many as MeshCore keeps.

const ENTRIES = 160;
/** Chains. */
const HEADS = 256;
/**
 * Entries of a chain that are looked at. A copy is missed when three other packets of its chain came in between: one of
 * 13,000 copies that come 20 packets later, one of 40 that come 160 later, which real ones do not.
 */
const LOOKS = 3;

/**
 * The last entries in a circle. Those that begin with the same 8 bits are chained, newest first: a search natively or in a
 * loop over all would cost more than all the rest of a packet.
 */
export class SeenTable {
  /** First words of the hashes, and behind them the second ones. */
  private readonly words = new Int32Array(2 * ENTRIES);
  /** Chain -> its newest entry + 1; entry -> the next older one + 1. What was overwritten meanwhile mostly is of another chain. */
  private readonly newest = new Uint8Array(HEADS);
  private readonly older = new Uint8Array(ENTRIES);
  private next = 0;

  /** True when the packet of this hash (the memory that begins with it) was marked before and not yet pushed out; marks it otherwise. */
  check(digest: ArrayBufferLike): boolean {
    const words = new Int32Array(digest);
    const first = words[0];
    const chain = first & (HEADS - 1);
    const newest = this.newest;
    const known = this.words;
    let at = newest[chain];
    let looks = LOOKS;
    while (at-- && looks--) {
      // Overwritten, and so are those behind it. Without this every packet takes all the looks, once the board has heard a few hundred.
      if ((known[at] ^ first) & (HEADS - 1)) break;
      if (known[at] === first && known[at + ENTRIES] === words[1]) return true;
      at = this.older[at];
    }
    const slot = this.next;
    known[slot] = first;
    known[slot + ENTRIES] = words[1];
    this.older[slot] = newest[chain];
    newest[chain] = slot + 1;
    this.next = (slot + 1) % ENTRIES;
    return false;
  }

  /** Takes a mark back: the packet was never on the air after all. */
  forget(digest: ArrayBufferLike): void {
    const words = new Int32Array(digest);
    const known = this.words;
    const at = known.indexOf(words[0]);
    // The first word holds its chain together.
    if (at >= 0 && known[at + ENTRIES] === words[1]) known[at + ENTRIES] = 0;
  }
}
