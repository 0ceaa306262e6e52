// How nodes make themselves known (MeshCore: Mesh.cpp, simple_room_server): adverts of our own, and those of others into a table.
//
// Work on the curve takes long. One piece of it is done at a time, one step of that in each handler; what is heard comes in between.
import { view } from "../protocol/bytes.ts";
import type { CurvePort, CurveWork } from "../protocol/curve.ts";
import { NO_BYTES } from "../protocol/packet.ts";
import type { Clock } from "./clock.ts";
import { HOST_SIGNS } from "./features.ts";
import type { Hal } from "./hal.ts";
import type { Link } from "./link.ts";
import type { AdvertJob, AdvertVerifier, Mesh } from "./mesh.ts";
import { NEIGHBOUR_BYTES, NEIGHBOURS } from "./parts/neighbour-row.ts";
import { part } from "./parts.ts";
import type { Store } from "./store.ts";
import { SECTION } from "./store-format.ts";

/** The first advert after a start, and how often we look whether another one is due. */
const FIRST_MS = 16000;
const TICK_MS = 8000;
/** Adverts of others that wait for their turn; a busy mesh repeats itself. */
const MAX_WAITING = 4;
/** Where the curve is the host's: how often we look for its answer. */
const ANSWER_MS = 100;

/** What is wanted of our own. */
export const OWN = { none: 0, key: 1, zeroHop: 2, flood: 3 };

/** Where the public key is in an identity: behind the private one, or in the first advert of the stock. */
const KEY_AT = HOST_SIGNS ? 4 : 64;

export class Adverts implements AdvertVerifier {
  readonly hal: Hal;
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly store: Store;
  link!: Link;
  /** Neighbours, a row each: parts/neighbour-row.ts. */
  readonly table = new Uint8Array(NEIGHBOURS * NEIGHBOUR_BYTES);
  /** Of each row: the first word of its key, and when it was heard, in the engine's seconds plus 1; 0 = no row. */
  readonly firsts = new Uint32Array(NEIGHBOURS);
  readonly heard = new Uint32Array(NEIGHBOURS);
  /** Since the start: adverts that nobody had time for, and those that were forged. */
  dropped = 0;
  forged = 0;
  /**
   * Private key (64 bytes, as MeshCore has it) and public key (32), or on a board whose host signs a stock: length of an advert,
   * three bytes of nothing, adverts by their time. Empty when there is none yet.
   */
  identity: Uint8Array = NO_BYTES;

  // Of the parts that this is made of.
  /** What is wanted of our own, OWN. */
  own = OWN.none;
  /** A private key that shall be ours, and who is told: setKey(). */
  newKey: Uint8Array | null = null;
  keyDone: ((publicKey: Uint8Array | null) => void) | null = null;
  curve: CurvePort | null = null;
  /** What is to be done next, in a handler of its own. */
  task: (() => void) | null = null;
  work: CurveWork<never> | null = null;
  /**
   * Somebody else's work on the curve, of whom there is one at a time: sets `work` and `end`, and this to null when that comes.
   * With null for a curve it shall give up.
   */
  guest: ((curve: CurvePort | null) => void) | null = null;
  end!: (value: never) => void;
  /** Where the host signs: timestamp of the last advert, and when the stock may be saved again, to spare the flash. */
  lastTime = 0;
  keepMs = 0;
  /** When the host was asked for adverts, and what it has said to which question. */
  askedMs = -FIRST_MS;
  question = 0;
  /** What was wanted when the stock had nothing for it. */
  late = OWN.none;
  verdict = 0;

  /** The value of `work` is there. */
  private isDone = false;
  private readonly jobs: AdvertJob[] = [];
  private timer = 0;
  private first = true;
  private localMs = 0;
  private floodMs = 0;

  constructor(hal: Hal, mesh: Mesh, clock: Clock, store: Store) {
    this.hal = hal;
    this.mesh = mesh;
    this.clock = clock;
    this.store = store;
    mesh.verifier = this;
  }

  /** `identity` as exportIdentity() gave it before the power went, "" when there was none. */
  start(identity: string): void {
    this.importIdentity(identity);
    this.localMs = this.floodMs = this.hal.nowMs();
    this.hal.after(() => this.tick(), TICK_MS);
    if (!this.identity.length) this.want(OWN.key);
  }

  /** What another start shall know, as a byte string; "" when there is nothing. */
  exportIdentity(): string {
    return this.hal.toText(this.identity) + "";
  }

  /** Has it saved. */
  keep(): void {
    this.store.setSection(SECTION.identity, this.exportIdentity());
  }

  importIdentity(text: string): void {
    this.setIdentity(this.hal.toBytes(text));
  }

  setIdentity(bytes: Uint8Array): void {
    this.identity = bytes;
    if (bytes.length >= KEY_AT + 32) this.mesh.publicKey = new Uint8Array(view(bytes, KEY_AT, 32));
  }

  /**
   * Makes `privateKey` (64 bytes, clamped) ours. `done` gets the public key, null for a key that nobody may have (MeshCore's
   * rules), or no bytes when the curve failed. False where the host has our key.
   */
  setKey(privateKey: Uint8Array, done: (publicKey: Uint8Array | null) => void): boolean {
    if (HOST_SIGNS) return false;
    this.newKey = privateKey;
    this.keyDone = done;
    this.want(OWN.key);
    return true;
  }

  /** Sends an advert soon; false while we do not know the time, because another's clock would refuse all later ones. */
  send(flood: boolean): boolean {
    if (!this.clock.isSet()) return false;
    this.localMs = this.hal.nowMs();
    if (flood) this.floodMs = this.localMs;
    this.want(flood ? OWN.flood : OWN.zeroHop);
    return true;
  }

  /** Sees to it that `own` is done, in handlers of its own. */
  want(own: number): void {
    this.own = Math.max(this.own, own);
    this.soon();
  }

  /** Takes a guest, in the place of another. */
  visit(guest: (curve: CurvePort | null) => void): void {
    this.guest = guest;
    this.soon();
  }

  private tick(): void {
    this.hal.after(() => this.tick(), TICK_MS);
    const { advertMin, floodAdvertH } = this.mesh.prefs;
    const now = this.hal.nowMs();
    const waitMs = this.first ? FIRST_MS : advertMin * 60000;
    if (floodAdvertH && now - this.floodMs >= floodAdvertH * 3600000) this.send(true);
    else if (waitMs && now - this.localMs >= waitMs - 1 && this.send(false)) this.first = false;
  }

  check(job: AdvertJob): void {
    if (this.jobs.length < MAX_WAITING) {
      this.jobs.push(job);
      this.soon();
    } else {
      this.dropped++;
    }
  }

  private soon(): void {
    if (!this.timer) this.timer = this.hal.after(() => this.turn(), HOST_SIGNS ? ANSWER_MS : 1);
  }

  /** One step of what is under way, or the beginning of the next. What comes of it has a handler of its own, and so has each part. */
  private turn(): void {
    this.timer = 0;
    const work = this.work;
    let isDone = false;
    let lost: typeof this.guest = null;
    let keyLost: typeof this.keyDone = null;
    try {
      if (!work) this.begin();
      else if (this.isDone) isDone = true;
      else this.isDone = work.step();
    } catch (_) {
      // No memory in one piece just now, or no curve on this engine: what cannot be verified is dropped.
      this.work = this.task = null;
      this.own = OWN.none;
      this.jobs.shift();
      this.dropped++;
      if (!HOST_SIGNS) {
        lost = this.guest;
        keyLost = this.keyDone;
        this.guest = this.newKey = this.keyDone = null;
      }
    }
    if (isDone) {
      this.work = null;
      this.isDone = false;
    }
    if (this.work || this.task || this.own || this.jobs.length || this.guest) this.soon();
    if (isDone && work) this.end(work.value as never);
    if (lost) lost(null);
    if (keyLost) keyLost(NO_BYTES);
  }

  private begin(): void {
    const { own, hal, task } = this;
    this.task = null;
    if (task) task();
    else if (!this.curve && !(HOST_SIGNS && own)) {
      const make = HOST_SIGNS ? part(hal, "hostCurve") : hal.curve();
      const again = (): void => {
        this.curve = make(this);
        if (!this.curve) this.task = again;
      };
      this.task = again;
    } else if (own) {
      this.own = OWN.none;
      const sign = HOST_SIGNS ? part(hal, "stockAdvert") : part(hal, "ownAdvert");
      this.task = () => sign(this, own);
    } else if (this.guest) {
      this.guest(this.curve);
    } else {
      const job = this.jobs.shift();
      if (!job) return;
      const check = part(hal, "checkAdvert");
      this.task = () => check(this, job);
    }
  }
}
