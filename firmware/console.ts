// The text console of a person or a script: one command a line, MeshCore's names and reply form. What the commands do lies in
// firmware/parts/: nobody waits for a few milliseconds more, and here every byte is in memory all the time.
import type { Adverts } from "./adverts.ts";
import type { Clock } from "./clock.ts";
import type { BoardFacts, Hal } from "./hal.ts";
import type { Mesh } from "./mesh.ts";
import type { Parts } from "./parts.ts";
import { part } from "./parts.ts";
import type { Rooms } from "./rooms.ts";
import type { Settings } from "./settings.ts";
import { MARK, SECTION } from "./store-format.ts";

const MAX_LINE = 240;
/** Text that waits at most: some lines of a script. */
const MAX_HELD = 1200;

/** The number of `region` in parts/commands.ts. */
const REGION = 7;

/**
 * A part that does some commands: `name` as the table in parts/commands.ts has it, `rest` is what follows it. The answer is one
 * line, or "" when there is nothing to say or it goes on later.
 */
export type Command = (console: Console, name: string, rest: string) => string;

export class Console {
  readonly hal: Hal;
  readonly board: BoardFacts;
  readonly rooms: Rooms;
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly adverts: Adverts;

  private line = "";
  private tooLong = false;
  /** The line before this one ended with CR. */
  private wasCr = false;
  /** What came in and waits for its turn, while an answer of several lines is going out. */
  private held = "";
  private busy = false;
  /** In front of each line of the answer: what a program put in front of the command, to know which answer is whose. */
  private tag = "";

  constructor(
    hal: Hal,
    board: BoardFacts,
    rooms: Rooms,
    mesh: Mesh,
    clock: Clock,
    settings: Settings,
    adverts: Adverts,
  ) {
    this.hal = hal;
    this.board = board;
    this.rooms = rooms;
    this.mesh = mesh;
    this.clock = clock;
    this.settings = settings;
    this.adverts = adverts;
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
    const wasCr = this.wasCr;
    this.wasCr = end === cr;
    if (end === cr || !wasCr || this.line || this.tooLong) {
      this.hal.print("\r\n");
      const line = this.line;
      this.line = this.tag = "";
      if (this.tooLong) this.reply("Error: line longer than " + MAX_LINE + " characters, nothing was done");
      else this.run(line);
      this.tooLong = false;
    }
    this.goOn();
  }

  /** With what is held, in a handler of its own. */
  private goOn(): void {
    if (!this.held || this.busy) return;
    this.busy = true;
    this.hal.after(() => {
      this.busy = false;
      this.proceed();
    }, 1);
  }

  /** Goes on with a command in another handler, for the radio is not to wait for all of it. What comes in meanwhile waits. */
  later(what: () => string): void {
    this.busy = true;
    this.hal.after(() => {
      this.busy = false;
      const answer = what();
      if (answer) this.reply(answer);
      this.goOn();
    }, 1);
  }

  /**
   * Does something for each number from `from` up to `end`, each in a handler of its own, and answers with
   * what `last` gives.
   */
  each(from: number, end: number, show: (i: number) => void, last: () => string): void {
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
          // The whole of a character of UTF-8: it has one place on the screen.
          let end = this.line.length - 1;
          while (end && (this.line.charCodeAt(end) & 0xc0) === 0x80) end--;
          this.line = this.line.substr(0, end);
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
    const regions = this.mesh.regions;
    if (regions && regions.loading) {
      // Every line is a region until an empty one, and blanks in front of it say how deep it is.
      this.later(() => this.region(line));
      return;
    }
    const words = line.trim();
    const isTagged = words.length > 4 && words.substr(2, 1) === "|";
    if (isTagged) this.tag = words.substr(0, 3);
    const command = isTagged ? words.substr(3) : words;
    if (!command) return;
    this.later(() => {
      // What gets a board out of trouble needs no part.
      if (command === "repl") return this.repl();
      let found: [number, string, string];
      try {
        found = part(this.hal, "commands")(command);
      } catch (_) {
        return "Error: mc.lib is missing, or of another build; Try: flash.sh";
      }
      this.go(found[0], found[1], found[2]);
      return "";
    });
  }

  /** Does command `name` of part `number`, with what follows it. Loading a part takes a handler, and running it another. */
  go(number: number, name: string, words: string): void {
    this.later(() => {
      const isRegion = number === REGION;
      if (isRegion) this.mesh.regionMap();
      const command = isRegion ? null : this.load(number);
      this.later(() => (command ? command(this, name, words) : this.region(words)));
      return "";
    });
  }

  private region(line: string): string {
    const mesh = this.mesh;
    const command = part(this.hal, "regionCommand");
    this.later(() =>
      command(
        mesh.regionMap(),
        line,
        (text) => this.settings.store.setSection(SECTION.regions, text),
        (map) => {
          mesh.regions = map;
        },
        (what) => this.later(what),
      ),
    );
    return "";
  }

  /** By number in parts/commands.ts. */
  private load(number: number): Command {
    const hal = this.hal;
    switch (number) {
      case 0:
        return part(hal, "boardCommands");
      case 1:
        return part(hal, "statsCommands");
      case 2:
        return part(hal, "roomCommands");
      case 3:
        return part(hal, "sayCommands");
      case 4:
        return part(hal, "getCommand");
      case 5:
        return part(hal, "setCommand");
      case 8:
        return part(hal, "advertCommands");
      case 9:
        return part(hal, "tempRadioCommand");
    }
    return part(hal, "helpCommand");
  }

  /** Prints a line of an answer. */
  reply(text: string): void {
    this.hal.print("  -> " + this.tag + text + "\r\n");
  }

  /** For parts, which cannot load one themselves. */
  neighbours(): ReturnType<Parts["neighbours"]> {
    return part(this.hal, "neighbours")(this.adverts);
  }

  private repl(): string {
    this.reply("the engine's prompt has the port now; reboot() or reset the board to come back");
    // What is done at the prompt ends in a start that nobody has to be warned of, and out of safe mode.
    this.settings.store.mark(MARK.reboot);
    this.hal.repl();
    return "";
  }
}
