// The text console of a person or a script: one command a line, MeshCore's names and reply form.
import { hexToBytes } from "../protocol/bytes.ts";
import { encodeGroupText, joinSender, MAX_TEXT } from "../protocol/group-text.ts";
import { KISS_FEND } from "../protocol/kiss.ts";
import { RESULT_DUPLICATE, RESULT_FULL, RESULT_OK } from "../protocol/link.ts";
import { TYPE_GRP_TXT } from "../protocol/packet.ts";
import type { Clock } from "./clock.ts";
import { COUNT } from "./counters.ts";
import type { Hal } from "./hal.ts";
import { type Mesh, PRIORITY_FLOOD } from "./mesh.ts";
import type { Room, Rooms } from "./rooms.ts";
import type { Settings } from "./settings.ts";

const MAX_LINE = 240;
/** Text that waits at most: some lines of a script. */
const MAX_HELD = 1200;
const HISTORY_LINES = 10;
/** Hex digits that one handler makes bytes of, and how often for the longest key and one more. */
const KEY_PART = 16;
const MAX_KEY_PARTS = 5;
/** Before anybody has told the time it counts from MeshCore's own default, 15 May 2024. */
const UNKNOWN_TIME = 1715770351;

const nothing = (): string => "";

/** For `help`; perform() is what knows them. */
const COMMANDS =
  "ver|clock|time EPOCH|rooms|room add NAME KEYHEX [MAX]|room remove NAME|say ROOM TEXT|history ROOM [N]|get radio|" +
  "set radio MHZ,KHZ,SF,CR|get tx|get name|set name NAME|stats-core|stats-radio|stats-packets|reboot|repl|help";

export class Console {
  private readonly mesh: Mesh;
  private readonly settings: Settings;
  private readonly hal: Hal;
  private readonly roomList: Rooms;
  private readonly clock: Clock;
  private line = "";
  private tooLong = false;
  /** What came in and waits for its turn, while an answer of several lines is going out. */
  private held = "";
  private busy = false;
  /** The message that `history` is at. */
  private shown = "";
  private shownTime = 0;
  private signal = "";

  constructor(hal: Hal, rooms: Rooms, mesh: Mesh, clock: Clock, settings: Settings) {
    this.hal = hal;
    this.roomList = rooms;
    this.mesh = mesh;
    this.clock = clock;
    this.settings = settings;
  }

  /** What was typed or sent: any part of a line, or several lines. */
  receive(text: string): void {
    if (this.held.length + text.length <= MAX_HELD) {
      this.held += text;
    } else {
      this.held = "";
      this.tooLong = true;
    }
    if (!this.busy) this.proceed();
  }

  /** Takes what is held up to the end of a line; the rest when the line has been dealt with. */
  private proceed(): void {
    const text = this.held;
    const cr = text.indexOf("\r");
    const lf = text.indexOf("\n");
    const end = cr < 0 ? lf : lf < 0 ? cr : Math.min(cr, lf);
    this.held = end < 0 ? "" : text.substr(end + 1);
    this.type(end < 0 ? text : text.substr(0, end));
    if (end < 0) return;
    // LF after CR ends nothing; MeshCore ignores it altogether.
    if (end !== lf || this.line || this.tooLong) {
      this.hal.print("\r\n");
      const line = this.line;
      this.line = "";
      if (this.tooLong) this.reply("Error: line longer than " + MAX_LINE + " characters, nothing was done");
      else this.run(line);
      this.tooLong = false;
    }
    if (this.held && !this.busy) this.later(() => "");
  }

  /** Goes on with a command in another handler, for the radio is not to wait for all of it. What comes in meanwhile waits. */
  private later(what: () => string): void {
    this.busy = true;
    this.hal.after(() => {
      this.busy = false;
      const answer = what();
      if (answer) this.reply(answer);
      if (this.held && !this.busy) this.proceed();
    }, 1);
  }

  /** Does something for each number from `from` up to `end`, each in a handler of its own, and answers with what `last` gives. */
  private each(from: number, end: number, show: (i: number) => void, last: () => string): void {
    this.later(() => {
      if (from === end) return last();
      show(from);
      this.each(from + 1, end, show, last);
      return "";
    });
  }

  /** Takes characters of a line, with echo and backspace for a person at a terminal. */
  private type(text: string): void {
    if (!text) return;
    if (text.indexOf("\b") < 0 && text.indexOf("\x7f") < 0) {
      this.echo(text);
      this.line += text;
    } else {
      for (let i = 0; i < text.length; i++) {
        // Not charAt(): engines with Unicode make a character of two bytes of what it gives.
        const key = text.substr(i, 1);
        if (key !== "\b" && key !== "\x7f") {
          this.echo(key);
          this.line += key;
        } else if (this.line) {
          this.line = this.line.substr(0, this.line.length - 1);
          this.hal.print("\b \b");
        }
      }
    }
    if (this.line.length > MAX_LINE) {
      this.line = "";
      this.tooLong = true;
    }
  }

  /** Not what begins with a control character: behind a link frame that would be the next frame to the host. */
  private echo(text: string): void {
    const first = text.charCodeAt(0);
    if (first >= 32 && first < 255) this.hal.print(text);
  }

  private run(line: string): void {
    const command = line.trim();
    if (!command) return;
    const words = command.split(" ");
    const pair = words[0] + " " + words[1];
    this.later(() => {
      let answer = this.perform(words[0], command.substr(words[0].length).trim());
      if (answer === null) answer = this.perform(pair, command.substr(pair.length).trim());
      return answer === null ? "Unknown command" : answer;
    });
  }

  /**
   * Does a command of one word or two, with what follows it, and answers with one line, or "" when it has nothing to say or
   * goes on later; null when there is no such command. A switch, since a table of functions takes 250 variables.
   */
  private perform(name: string, rest: string): string | null {
    switch (name) {
      case "say":
        return this.say(rest);
      case "history":
        return this.history(rest);
      case "rooms":
        return this.rooms();
      case "ver":
        return this.version();
      case "clock":
        return this.clockText();
      case "time":
        return this.setTime(rest);
      case "room add":
        return this.addRoom(rest);
      case "room remove":
        return this.removeRoom(rest);
      case "get radio":
        return this.getRadio();
      case "set radio":
        return this.setRadio(rest);
      case "get tx":
        return "> " + this.mesh.radio.settings.powerDbm;
      case "get name":
        return "> " + this.settings.prefs.name;
      case "set name":
        return this.settings.setName(rest) ? "OK" : "Error, bad chars";
      case "stats-core":
        return this.statsCore();
      case "stats-radio":
        return this.statsRadio();
      case "stats-packets":
        return this.statsPackets();
      case "reboot":
        return this.reboot();
      case "repl":
        return this.repl();
      case "help":
        return this.help();
    }
    return null;
  }

  private reply(text: string): void {
    this.hal.print("  -> " + text + "\r\n");
  }

  private version(): string {
    return this.settings.version + " (Build: meshcore-room " + this.settings.board + ", " + this.hal.engine + ")";
  }

  private clockText(): string {
    return this.clock.isSet() ? this.clock.text(this.clock.unixTime()) : "not set; Try: time EPOCH";
  }

  private setTime(rest: string): string {
    const epoch = parseInt(rest, 10);
    if (!(epoch > 0)) return "Error: time EPOCH, seconds since 1970";
    if (this.clock.isSet() && epoch < this.clock.unixTime()) return "(ERR: clock cannot go backwards)";
    this.clock.set(epoch);
    return "OK - clock set: " + this.clock.text(epoch);
  }

  private rooms(): string {
    const list = this.roomList.list;
    if (!list.some((room) => !!room)) return "no rooms; Try: room add NAME KEYHEX [MAX]";
    this.each(
      0,
      list.length,
      (i) => {
        const room = list[i];
        if (!room) return;
        const ring = this.roomList.ring;
        const count = ring.next(i) - ring.first(i);
        this.reply(
          this.harmless(room.name) + ": " + count + "/" + room.max + " messages, " + ring.roomBytes(i) + " bytes",
        );
      },
      nothing,
    );
    return "";
  }

  private addRoom(rest: string): string {
    const words = splitWord(rest);
    const options = words[1].split(" ");
    const hex = options[0];
    const key = new Uint8Array(Math.ceil(hex.length / 2));
    let isHex = true;
    const convert = (i: number): void => {
      try {
        key.set(hexToBytes(hex.substr(KEY_PART * i, KEY_PART)), (KEY_PART / 2) * i);
      } catch (_) {
        isHex = false;
      }
    };
    this.each(0, Math.min(Math.ceil(hex.length / KEY_PART), MAX_KEY_PARTS), convert, () => {
      if (!isHex) return "Error: the key is not hex; Try: room add NAME KEYHEX [MAX]";
      const code = this.roomList.set(words[0], key, parseInt(options[1] || "0", 10) || 0);
      if (code === RESULT_OK) return "OK";
      return code === RESULT_FULL
        ? "Error: no place for another room"
        : "Error: a name of 1 to 32 bytes and a key of 32 or 64 hex digits are needed";
    });
    return "";
  }

  private removeRoom(rest: string): string {
    return this.roomList.remove(splitWord(rest)[0]) ? "OK" : "Error: no such room";
  }

  private say(rest: string): string {
    const words = splitWord(rest);
    const room = this.roomList.find(words[0]);
    if (!room) return "Error: no such room; Try: rooms";
    if (!words[1]) return "Error: no text; Try: say ROOM TEXT";
    const text = this.hal.toBytes(joinSender(this.settings.prefs.name, words[1]));
    if (text.length > MAX_TEXT) return "Error: too long by " + (text.length - MAX_TEXT) + " bytes";
    const cipher = this.roomList.cipher;
    const plain = new Uint8Array(MAX_TEXT + 5);
    const payload = new Uint8Array(MAX_TEXT + 24);
    const known = this.clock.isSet();
    // It moves, or the same text could never be said again.
    const time = known ? this.clock.unixTime() : UNKNOWN_TIME + this.settings.uptimeS();
    const length = encodeGroupText(time, text, plain);
    const size = cipher.seal(room.channel, plain, length, payload, 0);
    this.later(() => {
      const code = this.mesh.send(TYPE_GRP_TXT, new Uint8Array(payload.buffer, 0, size), PRIORITY_FLOOD, 0);
      if (code === RESULT_OK) return known ? "OK" : "OK - clock counts from 15 May 2024; Try: time EPOCH";
      if (code === RESULT_DUPLICATE) return "Error: the same text was sent this second; Try: again";
      return code === RESULT_FULL ? "Error: too many messages wait for the air; Try: later" : "Error: cannot be sent";
    });
    return "";
  }

  private history(rest: string): string {
    const words = splitWord(rest);
    const room = this.roomList.find(words[0]);
    if (!room) return "Error: no such room; Try: rooms";
    const ring = this.roomList.ring;
    const end = ring.next(room.handle);
    const wanted = parseInt(words[1], 10) || HISTORY_LINES;
    const first = Math.max(ring.first(room.handle), end - wanted);
    if (first === end) return "no messages";
    this.each(2 * first, 2 * end, (step) => this.showMessage(room, step), nothing);
    return "";
  }

  /** What others wrote, for a terminal: C0 would begin a link frame, a line end or an escape pose as our own words. */
  private harmless(text: string): string {
    if (!text) return "";
    const bytes = this.hal.toBytes(text);
    // Nearly every text is as it is: looking for the worst natively takes a twentieth of the loop.
    if (Math.min.apply(null, bytes as unknown as number[]) >= 32 && text.indexOf(KISS_FEND) < 0) return text;
    let shown = "";
    for (let i = 0; i < bytes.length; i++) shown += bytes[i] < 32 || bytes[i] === 0xc0 ? "?" : text.substr(i, 1);
    return shown;
  }

  /** Each message in two steps: opening one takes as long as writing it down. */
  private showMessage(room: Room, step: number): void {
    const seq = step >> 1;
    if (step & 1) {
      const time = this.clock.text(this.shownTime);
      if (this.signal) this.reply("#" + seq + " " + time + " " + this.harmless(this.shown) + this.signal);
      this.shown = this.signal = "";
      return;
    }
    const record = this.roomList.record(room, seq);
    this.signal = record ? this.roomList.signal(record) : "";
    this.shown = record ? this.roomList.text(room, record) : "";
    this.shownTime = this.roomList.textTime();
  }

  private getRadio(): string {
    const radio = this.mesh.radio.settings;
    return "> " + radio.freqHz / 1e6 + "," + radio.bwHz / 1e3 + "," + radio.sf + "," + radio.cr;
  }

  private setRadio(rest: string): string {
    const parts = rest.split(",");
    const now = this.mesh.radio.settings;
    const radio = {
      freqHz: Math.round(parseFloat(parts[0]) * 1e6),
      bwHz: Math.round(parseFloat(parts[1]) * 1e3),
      sf: parseInt(parts[2], 10),
      cr: parseInt(parts[3], 10),
      powerDbm: now.powerDbm,
    };
    const done = parts.length === 4 && this.settings.setRadio(radio, this.mesh.duty.permille);
    return done ? "OK" : "Error, invalid radio params";
  }

  private statsCore(): string {
    return (
      '{"battery_mv":' +
      this.hal.batteryMv() +
      ',"uptime_secs":' +
      this.settings.uptimeS() +
      ',"errors":' +
      this.mesh.errorFlags +
      ',"queue_len":' +
      this.mesh.queue.size +
      "}"
    );
  }

  private statsRadio(): string {
    const radio = this.mesh.radio;
    return (
      '{"noise_floor":' +
      Math.round(radio.noiseFloor) +
      ',"last_rssi":' +
      radio.rssi() +
      ',"last_snr":' +
      (radio.snr() / 4).toFixed(2) +
      ',"tx_air_secs":' +
      Math.floor(radio.txAirMs / 1000) +
      ',"rx_air_secs":' +
      Math.floor(radio.rxAirMs() / 1000) +
      "}"
    );
  }

  private statsPackets(): string {
    const counters = this.mesh.counters;
    const sent = counters[COUNT.tx];
    const malformed = counters[COUNT.malformed];
    const direct = this.mesh.directReceived;
    return (
      '{"recv":' +
      counters[COUNT.rx] +
      ',"sent":' +
      sent +
      ',"flood_tx":' +
      sent +
      ',"direct_tx":0,"flood_rx":' +
      (counters[COUNT.rx] - malformed - direct) +
      ',"direct_rx":' +
      direct +
      ',"recv_errors":' +
      (counters[COUNT.crcErrors] + counters[COUNT.headerErrors] + malformed) +
      "}"
    );
  }

  private reboot(): string {
    this.hal.after(() => this.hal.reboot(), 100);
    return "OK";
  }

  private repl(): string {
    this.reply("the engine's prompt has the port now; reboot() or reset the board to come back");
    this.hal.repl();
    return "";
  }

  private help(): string {
    const lines = COMMANDS.split("|");
    this.each(0, lines.length, (i) => this.reply(lines[i]), nothing);
    return "";
  }
}

/** [first word, the rest]; a name with spaces stands in double quotes. */
function splitWord(text: string): [string, string] {
  const quoted = text.charAt(0) === '"' ? text.indexOf('"', 1) : -1;
  if (quoted > 0) return [text.substring(1, quoted), text.substr(quoted + 1).trim()];
  const space = text.indexOf(" ");
  return space < 0 ? [text, ""] : [text.substring(0, space), text.substr(space + 1).trim()];
}
