/*
 * KISS frames and console text on one serial line, as byte strings: C0 type body C0, inside which C0 is sent as DB DC
 * and DB as DB DD (KA9Q's KISS). Everything is done by native string calls; a loop over bytes would cost a board 0.5 ms
 * for each.
 *
 * Every C0 is only a border, and what follows it shows by its first byte: a type byte in use begins a frame, anything
 * else is text. So one lost or invented C0 costs one frame and never turns frames and text around.
 */

/** Border of a frame. */
export const KISS_FEND = String.fromCharCode(0xc0);
const FEND = KISS_FEND;
const FESC = String.fromCharCode(0xdb);
const TFEND = String.fromCharCode(0xdc);
const TFESC = String.fromCharCode(0xdd);

/**
 * Port 0 commands 0..6 and those that nobody here knows, port 1 command 0 (the room link), and FF ("return"). None of them begins
 * a line of text: of port 0 that leaves out backspace, tab and the line ends.
 */
const STARTS = String.fromCharCode(0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 14, 15, 0x10, 0xff);

/** The longest frame of MeshCore's KISS modem, 512 bytes, with every byte escaped. */
export const KISS_MAX = 1024;

/** Replaces one character everywhere. Looking for it first costs a board a quarter of a split that finds nothing. */
function replaced(text: string, what: string, by: string): string {
  return text.indexOf(what) < 0 ? text : text.split(what).join(by);
}

/** What stands for `body` inside a frame. */
export function kissEscaped(body: string): string {
  return replaced(replaced(body, FESC, FESC + TFESC), FEND, FESC + TFEND);
}

/** A whole frame for port 0..11. */
export function kissFrame(port: number, command: number, body: string): string {
  return FEND + String.fromCharCode((port << 4) | command) + kissEscaped(body) + FEND;
}

const IN_TEXT = 0;
const AT_BORDER = 1;
const IN_FRAME = 2;
const DROPPING = 3;

/** Takes the two apart again. Text comes out at once, a frame when its closing C0 is there. */
export class KissDeframer {
  /** Bytes that were neither frame nor text, and why: escapes that do not exist, frames beyond the limit. */
  skipped: number;
  badEscapes: number;
  tooLong: number;
  private state: number;
  /** What is there of a frame, without its escapes; its length as it came, the first half of an escape, whether one was none. */
  private held: string;
  private size: number;
  private half: string;
  private isBad: boolean;
  private readonly max: number;
  private readonly onFrame: (type: number, body: string) => void;
  private readonly onText: (text: string) => void;

  /** `max` limits type and body as they came, escapes counted. */
  constructor(onFrame: (type: number, body: string) => void, onText: (text: string) => void, max?: number) {
    this.onFrame = onFrame;
    this.onText = onText;
    this.max = max || KISS_MAX;
    this.skipped = 0;
    this.badEscapes = 0;
    this.tooLong = 0;
    this.state = IN_TEXT;
    this.held = this.half = "";
    this.size = 0;
    this.isBad = false;
  }

  push(chunk: string): void {
    const last = chunk.length - 1;
    // One whole frame and nothing else, as it comes nearly always: this way takes a third of the steps.
    if (chunk.charAt(0) === FEND && this.state < IN_FRAME && last <= this.max && chunk.indexOf(FEND, 1) === last) {
      const frame = unescaped(chunk.substring(1, last));
      if (frame && STARTS.indexOf(frame.charAt(0)) >= 0) {
        this.state = AT_BORDER;
        this.onFrame(frame.charCodeAt(0), frame.substr(1));
        return;
      }
    }
    let from = 0;
    let at = chunk.indexOf(FEND);
    while (at >= 0) {
      if (at > from) this.take(chunk.substring(from, at));
      this.border();
      from = at + 1;
      at = chunk.indexOf(FEND, from);
    }
    if (from < chunk.length) this.take(from ? chunk.substr(from) : chunk);
  }

  /** Half a frame is here. When nothing follows for a second, its sender is gone: drop() it. */
  waiting(): boolean {
    return this.state > AT_BORDER;
  }

  /** Forgets the half frame; what comes next is text until a C0. Also right after the port was closed. */
  drop(): void {
    this.skipped += this.size;
    this.begin(IN_TEXT);
  }

  private begin(state: number): void {
    this.state = state;
    this.held = this.half = "";
    this.size = 0;
    this.isBad = false;
  }

  private border(): void {
    const held = this.held;
    const size = this.state === IN_FRAME ? this.size : 0;
    const isBad = this.isBad || this.half;
    // Before the callback, which may push() on its own.
    this.begin(AT_BORDER);
    if (isBad) {
      this.badEscapes++;
      this.skipped += size;
    } else if (size) {
      this.onFrame(held.charCodeAt(0), held.substr(1));
    }
  }

  private take(part: string): void {
    if (this.state === AT_BORDER) this.state = STARTS.indexOf(part.charAt(0)) < 0 ? IN_TEXT : IN_FRAME;
    if (this.state === IN_TEXT) {
      this.onText(part);
    } else if (this.state === IN_FRAME && this.size + part.length <= this.max) {
      this.size += part.length;
      this.hold(this.half + part);
    } else {
      if (this.state === IN_FRAME) this.tooLong++;
      const skipped = this.size + part.length;
      this.begin(DROPPING);
      this.skipped += skipped;
    }
  }

  /** Each piece as it comes: at the end there could be more escapes than a board has time for. */
  private hold(part: string): void {
    const last = part.length - 1;
    const isCut = part.charAt(last) === FESC;
    const text = unescaped(isCut ? part.substr(0, last) : part);
    this.half = isCut ? FESC : "";
    if (text === null) this.isBad = true;
    else this.held += text;
  }
}

/** Null when an escape is none. */
function unescaped(text: string): string | null {
  if (text.indexOf(FESC) < 0) return text;
  // DB DC first: what comes of it is no half of the other.
  const parts = replaced(text, FESC + TFEND, FEND).split(FESC + TFESC);
  return parts.join("").indexOf(FESC) < 0 ? parts.join(FESC) : null;
}
