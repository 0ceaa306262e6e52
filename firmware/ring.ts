// The messages of all rooms in one byte array that is allocated once at boot.
//
// The array is cut into blocks. A room owns a chain of blocks, oldest first, and never more of them than its quota, so a
// busy room cannot push out the messages of a quiet one, and rooms come and go without moving a byte. A record is a
// length byte and that many bytes; it never crosses the end of a block. Sequence numbers are implicit: a room's records
// are numbered without gaps, and each block knows the number of its first.

const BLOCK_BYTES = 1024;
const NONE = 255;

export class Ring {
  readonly bytes: Uint8Array;
  private readonly blocks: number;
  private free: number;
  /** By block: the next block of its chain, bytes used (once the next one is begun), number of the first record. */
  private readonly nextBlock: Uint8Array;
  private readonly used: Uint16Array;
  private readonly blockSeq: Uint32Array;
  /** By room: oldest block, newest block, blocks owned, blocks allowed, where the oldest record is in its block. */
  private readonly oldest: Uint8Array;
  private readonly newest: Uint8Array;
  private readonly owned: Uint8Array;
  private readonly quota: Uint8Array;
  private readonly startAt: Uint16Array;
  /** By room: where the next record goes in the arena, and where its block ends. */
  private readonly writeAt: Uint16Array;
  private readonly blockEnd: Uint16Array;
  private readonly firstSeq: Uint32Array;
  /** Read-only to others; next() is the same, but a call. */
  readonly endSeq: Uint32Array;
  /** Where the last `find` ended: readers go from one record to the next. */
  private cacheRoom = NONE;
  private cacheSeq = 0;
  private cacheAt = 0;
  private cacheBlock = NONE;

  /** `bytes` is the arena: a multiple of nothing, up to 65520 bytes; `rooms` is the number of handles. */
  constructor(bytes: Uint8Array, rooms: number) {
    this.bytes = bytes;
    this.blocks = Math.min(Math.floor(bytes.length / BLOCK_BYTES), NONE - 1);
    this.nextBlock = new Uint8Array(this.blocks);
    this.used = new Uint16Array(this.blocks);
    this.blockSeq = new Uint32Array(this.blocks);
    for (let i = 0; i < this.blocks; i++) this.nextBlock[i] = i + 1 < this.blocks ? i + 1 : NONE;
    this.free = 0;
    this.oldest = new Uint8Array(rooms);
    this.newest = new Uint8Array(rooms);
    this.owned = new Uint8Array(rooms);
    this.quota = new Uint8Array(rooms);
    this.startAt = new Uint16Array(rooms);
    this.writeAt = new Uint16Array(rooms);
    this.blockEnd = new Uint16Array(rooms);
    this.firstSeq = new Uint32Array(rooms);
    this.endSeq = new Uint32Array(rooms);
  }

  /** Number of the oldest record held, and of the one that will come next; equal when the room is empty. */
  first(room: number): number {
    return this.firstSeq[room];
  }

  next(room: number): number {
    return this.endSeq[room];
  }

  /** Bytes of the arena that a room occupies. */
  roomBytes(room: number): number {
    return this.owned[room] * BLOCK_BYTES;
  }

  /** Begins a room with sequence number `seq`. */
  open(room: number, seq: number): void {
    this.firstSeq[room] = seq;
    this.endSeq[room] = seq;
  }

  /** Forgets every record of a room; the numbers go on. */
  clear(room: number): void {
    while (this.owned[room] > 0) this.dropBlock(room);
  }

  /**
   * Shares the blocks by the weights of the rooms (0 = no such room); every room gets at least one. Rooms that own more
   * than their new share lose their oldest records.
   */
  share(weights: number[]): void {
    let total = 0;
    for (let room = 0; room < weights.length; room++) total += weights[room];
    let spare = this.blocks;
    for (let room = 0; room < weights.length; room++) if (weights[room] > 0) spare--;
    for (let room = 0; room < weights.length; room++) {
      this.quota[room] = weights[room] > 0 ? 1 + Math.floor((spare * weights[room]) / total) : 0;
      while (this.owned[room] > this.quota[room]) this.dropBlock(room);
    }
  }

  /**
   * Makes room for a record of `length` bytes (1..255) as the newest of `room`, dropping its oldest where needed; keeps
   * at most `max` records. Returns where to write the record's bytes, or -1 when the room has no share.
   */
  append(room: number, length: number, max: number): number {
    let at = this.writeAt[room];
    if (at + length >= this.blockEnd[room]) {
      at = this.grow(room);
      if (at < 0) return -1;
    }
    this.bytes[at] = length;
    this.writeAt[room] = at + length + 1;
    if (++this.endSeq[room] - this.firstSeq[room] > max) this.trim(room, max);
    return at + 1;
  }

  /** Drops the oldest records until at most `max` are left. */
  trim(room: number, max: number): void {
    while (this.endSeq[room] - this.firstSeq[room] > max) this.dropOldest(room);
  }

  /** Where the bytes of record `seq` begin, or -1 when it is not held. Its length is in the byte before. */
  find(room: number, seq: number): number {
    if (seq < this.firstSeq[room] || seq >= this.endSeq[room]) return -1;
    let block: number;
    let at: number;
    let current: number;
    if (this.cacheRoom === room && seq >= this.cacheSeq) {
      block = this.cacheBlock;
      at = this.cacheAt;
      current = this.cacheSeq;
    } else {
      block = this.oldest[room];
      at = block * BLOCK_BYTES + this.startAt[room];
      current = this.firstSeq[room];
    }
    // Whole blocks first, then record by record.
    while (block !== this.newest[room] && this.blockSeq[this.nextBlock[block]] <= seq) {
      block = this.nextBlock[block];
      at = block * BLOCK_BYTES;
      current = this.blockSeq[block];
    }
    while (current < seq) {
      at += this.bytes[at] + 1;
      current++;
    }
    this.cacheRoom = room;
    this.cacheBlock = block;
    this.cacheAt = at;
    this.cacheSeq = seq;
    return at + 1;
  }

  /** A new newest block for `room`, a free one within its quota or else its own oldest: where it begins, or -1. */
  private grow(room: number): number {
    if (this.quota[room] === 0) return -1;
    this.close(room);
    if (this.owned[room] >= this.quota[room] || this.free === NONE) {
      if (this.owned[room] === 0) return -1;
      this.dropBlock(room);
    }
    const block = this.free;
    this.free = this.nextBlock[block];
    this.nextBlock[block] = NONE;
    this.blockSeq[block] = this.endSeq[room];
    if (this.owned[room] === 0) {
      this.oldest[room] = block;
      this.startAt[room] = 0;
    } else {
      this.nextBlock[this.newest[room]] = block;
    }
    this.newest[room] = block;
    this.owned[room]++;
    this.blockEnd[room] = (block + 1) * BLOCK_BYTES;
    return block * BLOCK_BYTES;
  }

  /** Notes how far the newest block is filled. */
  private close(room: number): void {
    if (this.owned[room] > 0) this.used[this.newest[room]] = this.writeAt[room] - this.newest[room] * BLOCK_BYTES;
  }

  private dropOldest(room: number): void {
    this.close(room);
    // A block that was emptied while it was the newest may still stand at the head of the chain.
    if (this.startAt[room] >= this.used[this.oldest[room]]) this.dropBlock(room);
    const block = this.oldest[room];
    this.startAt[room] += this.bytes[block * BLOCK_BYTES + this.startAt[room]] + 1;
    this.firstSeq[room]++;
    this.forget(room);
    // The newest block stays, even when it is empty: the next record goes there.
    if (this.startAt[room] >= this.used[block] && block !== this.newest[room]) this.dropBlock(room);
  }

  private dropBlock(room: number): void {
    const block = this.oldest[room];
    const following = this.nextBlock[block];
    this.nextBlock[block] = this.free;
    this.free = block;
    this.owned[room]--;
    // Without a block there is no place to write to.
    if (this.owned[room] === 0) this.writeAt[room] = this.blockEnd[room] = 0;
    this.oldest[room] = following;
    this.startAt[room] = 0;
    this.firstSeq[room] = this.owned[room] > 0 ? this.blockSeq[following] : this.endSeq[room];
    this.forget(room);
  }

  private forget(room: number): void {
    if (this.cacheRoom === room) this.cacheRoom = NONE;
  }
}
