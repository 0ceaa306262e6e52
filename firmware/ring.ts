// The messages of all rooms in one byte array that is allocated once at boot.
//
// The array is cut into blocks. A room owns a chain of blocks, oldest first, and never more of them than its quota, so a
// busy room cannot push out the messages of a quiet one, and rooms come and go without moving a byte. A record is a
// length byte and that many bytes; it never crosses the end of a block. Sequence numbers are implicit: a room's records
// are numbered without gaps, and each block knows the number of its first. Records that are beyond a room's limit stay
// until all of their block are; nobody sees them.

const BLOCK_BYTES = 1024;
/** Bytes that the longest record takes, its length byte included. */
const LONGEST = 200;
const NONE = 255;
/** Blocks that there is time for in one handler. */
const DROPPED_AT_ONCE = 8;

export class Ring {
  readonly bytes: Uint8Array;
  private readonly blocks: number;
  private free: number;
  /** By block: the next block of its chain, number of the first record. */
  private readonly nextBlock: Uint8Array;
  private readonly blockSeq: Uint32Array;
  /** By room: oldest block, newest block, blocks owned, blocks allowed. */
  private readonly oldest: Uint8Array;
  private readonly newest: Uint8Array;
  private readonly owned: Uint8Array;
  private readonly quota: Uint8Array;
  /** By room: where the next record goes in the arena, and where its block ends. */
  private readonly writeAt: Uint16Array;
  readonly blockEnd: Uint16Array;
  /** By room: number of the oldest record held, and of the one that will come next. Read-only to others. */
  readonly firstSeq: Uint32Array;
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
    this.blockSeq = new Uint32Array(this.blocks);
    for (let i = 0; i < this.blocks; i++) this.nextBlock[i] = i + 1 < this.blocks ? i + 1 : NONE;
    this.free = 0;
    this.oldest = new Uint8Array(rooms);
    this.newest = new Uint8Array(rooms);
    this.owned = new Uint8Array(rooms);
    this.quota = new Uint8Array(rooms);
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
    if (this.owned[room]) this.drop(room, this.newest[room], this.owned[room]);
  }

  /**
   * Shares the blocks by the weights of the rooms (0 = no such room); every room gets at least one. Rooms that own more
   * than their new share lose their oldest records. Only the shares of the rooms from `from` up to `end` are changed: so many as
   * there is time for.
   */
  share(weights: number[], from: number, end: number): void {
    let total = 0;
    let spare = this.blocks;
    for (let room = 0; room < weights.length; room++) {
      if (weights[room]) {
        total += weights[room];
        spare--;
      }
    }
    for (let room = from; room < weights.length && room < end; room++) {
      const quota = weights[room] ? 1 + Math.floor((spare * weights[room]) / total) : 0;
      this.quota[room] = quota;
      const excess = this.owned[room] - quota;
      if (excess > 0) {
        let last = this.oldest[room];
        for (let i = 1; i < excess; i++) last = this.nextBlock[last];
        this.drop(room, last, excess);
      }
    }
  }

  /**
   * Makes room for a record of `length` bytes (1..255) as the newest of `room`, dropping its oldest where needed; keeps
   * at most `max` records. Returns where to write the record's bytes, or -1 when the room has no share.
   */
  append(room: number, length: number, max: number): number {
    let at = this.writeAt[room];
    if (at + length >= this.blockEnd[room] && (at = this.grow(room)) < 0) return -1;
    this.bytes[at] = length;
    this.writeAt[room] = at + length + 1;
    if (++this.endSeq[room] - this.firstSeq[room] > max) this.firstSeq[room]++;
    return at + 1;
  }

  /**
   * Sees to a place for a record of any length ahead of time, which spares append() most of its work; not where it would cost
   * a room all it has.
   */
  makeRoom(room: number): void {
    if (this.blockEnd[room] - this.writeAt[room] < LONGEST && this.quota[room] > 1) this.grow(room);
  }

  /**
   * Lets nobody see more than the newest `max` records of `room`, and gives back blocks in which nobody sees anything: some of
   * them. True when there may be more.
   */
  trim(room: number, max: number): boolean {
    const first = Math.max(this.firstSeq[room], this.endSeq[room] - max);
    this.firstSeq[room] = first;
    const newest = this.newest[room];
    let count = 0;
    let last = NONE;
    for (let block = this.oldest[room]; this.owned[room] && count < DROPPED_AT_ONCE && block !== newest; count++) {
      const next = this.nextBlock[block];
      if (this.blockSeq[next] > first) break;
      last = block;
      block = next;
    }
    if (count) this.drop(room, last, count);
    return count === DROPPED_AT_ONCE;
  }

  /** The block in which record `seq` is, not before `block`. */
  private blockOf(room: number, block: number, seq: number): number {
    const newest = this.newest[room];
    const nextBlock = this.nextBlock;
    const blockSeq = this.blockSeq;
    // Mostly it is the newest; the way there from the oldest can be long.
    if (blockSeq[newest] <= seq) return newest;
    let found = block;
    let next = nextBlock[found];
    while (blockSeq[next] <= seq) {
      found = next;
      next = nextBlock[found];
    }
    return found;
  }

  /** Where the bytes of record `seq` begin, or -1 when it is not held. Its length is in the byte before. */
  find(room: number, seq: number): number {
    if (seq < this.firstSeq[room] || seq >= this.endSeq[room]) return -1;
    let block = this.cacheBlock;
    let at = this.cacheAt;
    let current = this.cacheSeq;
    const isNear = this.cacheRoom === room && seq >= current;
    const found = this.blockOf(room, isNear ? block : this.oldest[room], seq);
    if (!isNear || found !== block) {
      block = found;
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

  /**
   * Begins a new newest block for `room` and returns where, or -1 when it may have none. It is the room's own oldest when
   * the room may not have more, when there is no other, or when nobody sees anything in it any more.
   */
  private grow(room: number): number {
    const nextBlock = this.nextBlock;
    const owned = this.owned[room];
    let block = this.oldest[room];
    const second = owned > 0 ? nextBlock[block] : NONE;
    const secondSeq = second === NONE ? this.endSeq[room] : this.blockSeq[second];
    const isUnseen = secondSeq <= this.firstSeq[room];
    if (owned > 0 && (isUnseen || owned >= this.quota[room] || this.free === NONE)) {
      if (!isUnseen) this.firstSeq[room] = secondSeq;
      if (this.cacheBlock === block) this.cacheRoom = NONE;
      if (second !== NONE) {
        this.oldest[room] = second;
        nextBlock[this.newest[room]] = block;
      }
    } else {
      if (this.free === NONE || this.quota[room] === 0) return -1;
      block = this.free;
      this.free = nextBlock[block];
      if (owned > 0) nextBlock[this.newest[room]] = block;
      else this.oldest[room] = block;
      this.owned[room] = owned + 1;
    }
    this.newest[room] = block;
    nextBlock[block] = NONE;
    this.blockSeq[block] = this.endSeq[room];
    const at = block * BLOCK_BYTES;
    this.writeAt[room] = at;
    this.blockEnd[room] = at + BLOCK_BYTES;
    return at;
  }

  /** Gives the `count` oldest blocks of `room`, up to `last`, back with all that is in them. */
  private drop(room: number, last: number, count: number): void {
    const following = this.nextBlock[last];
    this.nextBlock[last] = this.free;
    this.free = this.oldest[room];
    this.oldest[room] = following;
    this.owned[room] -= count;
    if (following === NONE) {
      // Without a block there is no place to write to.
      this.writeAt[room] = this.blockEnd[room] = 0;
      this.firstSeq[room] = this.endSeq[room];
    } else if (this.firstSeq[room] < this.blockSeq[following]) {
      this.firstSeq[room] = this.blockSeq[following];
    }
    if (this.cacheRoom === room) this.cacheRoom = NONE;
  }
}
