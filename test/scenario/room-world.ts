// A board with a room, a station in reach, and what most scenarios ask of the two.
import { FAULT_BUSY, FAULT_CAD, FAULT_MODE, FAULT_TX } from "../../firmware/radio-faults.ts";
import type { SimBoard } from "../../simulator/sim-board.ts";
import { groupText, type Station, TEST_KEY, World } from "./world.ts";

export class RoomWorld {
  readonly world = new World();
  readonly board: SimBoard;
  readonly run: (line: string) => string;
  readonly station: Station;
  private messages = 0;

  constructor(model = "sim") {
    const { board, run } = this.world.board(model);
    this.board = board;
    this.run = run;
    this.station = this.world.station();
    run(`room add test ${TEST_KEY}`);
  }

  /** A frame of the station that the board has not heard before, and the text in it. */
  nextFrame(): { hex: string; text: string } {
    const text = `message ${++this.messages}`;
    return { hex: groupText(TEST_KEY, 1700000000 + this.messages, "Ann", text), text };
  }

  /** True when a message of the station reaches the room now. */
  hears(): boolean {
    const { hex, text } = this.nextFrame();
    this.station.send(hex);
    this.world.wait();
    return this.holds(text);
  }

  /** True when the room holds a message of the station with this text. */
  holds(text: string): boolean {
    return this.run("history test 50")
      .split("\r\n")
      .some((line) => line.includes(`Ann: ${text} (`));
  }

  /** True when what the board says now reaches the station. */
  speaks(): boolean {
    const before = this.station.heard.length;
    this.run(`say test answer ${++this.messages}`);
    this.world.wait(10_000);
    return this.station.heard.length > before;
  }

  core(): { errors: number; queue_len: number; uptime_secs: number } {
    return JSON.parse(this.run("stats-core").slice(5));
  }

  /** How often each thing went wrong with the radio since the start, by number. */
  faults(): number[] {
    const { mesh } = this.board.globals.meshcore as { mesh: { radio: { faults: Uint16Array } } };
    return [...mesh.radio.faults];
  }

  /** How often the chip had to be started again. */
  recoveries(): number {
    const faults = this.faults();
    return faults[FAULT_BUSY] + faults[FAULT_TX] + faults[FAULT_MODE] + faults[FAULT_CAD];
  }

  packets(): { recv: number; sent: number; recv_errors: number } {
    return JSON.parse(this.run("stats-packets").slice(5));
  }

  stop(): void {
    this.world.stop();
  }
}
