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
  private held: string;
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
    this.held = "";
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
    this.skipped += this.held.length;
    this.held = "";
    this.state = IN_TEXT;
  }

  private border(): void {
    const held = this.held;
    const whole = this.state === IN_FRAME;
    // Set before the callback, which may push() on its own.
    this.state = AT_BORDER;
    this.held = "";
    if (!whole) return;
    const body = unescaped(held);
    if (body) {
      this.onFrame(body.charCodeAt(0), body.substr(1));
    } else {
      this.badEscapes++;
      this.skipped += held.length;
    }
  }

  private take(part: string): void {
    if (this.state === AT_BORDER) this.state = STARTS.indexOf(part.charAt(0)) < 0 ? IN_TEXT : IN_FRAME;
    if (this.state === IN_TEXT) {
      this.onText(part);
    } else if (this.state === IN_FRAME && this.held.length + part.length <= this.max) {
      this.held += part;
    } else {
      if (this.state === IN_FRAME) this.tooLong++;
      this.skipped += this.held.length + part.length;
      this.held = "";
      this.state = DROPPING;
    }
  }
}

/** "" when an escape is none. */
function unescaped(frame: string): string {
  let at = frame.indexOf(FESC);
  if (at < 0) return frame;
  let body = "";
  let from = 0;
  while (at >= 0) {
    const code = frame.charAt(at + 1);
    if (code !== TFEND && code !== TFESC) return "";
    body += frame.substring(from, at) + (code === TFEND ? FEND : FESC);
    from = at + 2;
    at = frame.indexOf(FESC, from);
  }
  return body + frame.substr(from);
}
