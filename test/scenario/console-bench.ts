// A board and what a person types at it, line by line.
import assert from "node:assert/strict";
import { RoomWorld } from "./room-world.ts";

export class ConsoleBench extends RoomWorld {
  /** Types each line and compares what the board prints, without the arrow in front of its answers. */
  transcript(lines: readonly (readonly [line: string, answer: string | RegExp])[]): void {
    for (const [line, answer] of lines) {
      const said = this.run(line)
        .split("\r\n")
        .map((each) => each.replace(/^ {2}-> ?/, ""))
        .join("\n");
      if (typeof answer === "string") assert.equal(said, answer, line);
      else assert.match(said, answer, line);
    }
  }

  /** Everything that the board prints within half a second when it gets `text` as it is, as latin1. */
  raw(...pieces: string[]): string {
    let output = "";
    this.board.serial.onData((bytes) => {
      output += Buffer.from(bytes).toString("latin1");
    });
    for (const piece of pieces) {
      this.board.serial.write(Buffer.from(piece, "latin1"));
      this.world.clock.advance(50);
    }
    this.world.clock.advance(500);
    return output;
  }

  end(): void {
    assert.deepEqual(this.board.uncaught, []);
    this.stop();
  }
}
