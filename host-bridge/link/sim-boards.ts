import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { BOARDS } from "../../boards/all.ts";
import type { RadioSettings } from "../../protocol/airtime.ts";
import { startNeighbours } from "../../simulator/neighbours.ts";
import { type OpenEther, openEther } from "../../simulator/open-ether.ts";
import { createSimBoard, type SimBoard } from "../../simulator/sim-board.ts";
import { addressText } from "../config/address.ts";
import type { Address, SimBoardConfig } from "../config/schema.ts";
import { RoomError } from "../errors.ts";
import { bundleFile, libraryFile } from "../files.ts";
import type { Log } from "../log.ts";
import type { PortSource } from "./ports.ts";

/** The built bundle of a board and its parts, as byte strings. Throws RoomError `unknown_board`, `bundle_missing`. */
export function readBundle(model: string): { source: string; library: string } {
  if (!BOARDS.some(({ id }) => id === model)) {
    throw new RoomError("unknown_board", "no such simulated board", {
      expected: BOARDS.map(({ id }) => id).join(", "),
      found: model,
    });
  }
  return { source: builtFile(bundleFile(model)), library: builtFile(libraryFile(model)) };
}

function builtFile(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    throw new RoomError("bundle_missing", `${file} is not there`, { hint: "npm run build", cause: error });
  }
}

export interface StageOptions {
  radio: RadioSettings;
  /** Of a channel that this process opens itself; 0 leaves out the time between events. */
  speed: number;
  log: Log;
  /** False while what boards have sent is not dealt with; a channel at speed 0 waits for it. */
  settled: () => boolean;
}

/** The simulated channels that this process uses or opens, and the simulated boards on them. */
export class SimStage {
  private readonly options: StageOptions;
  private readonly ethers = new Map<string, OpenEther>();
  private readonly boards = new Set<SimBoard>();
  private readonly chatter: (() => void)[] = [];

  constructor(options: StageOptions) {
    this.options = options;
  }

  /** The channel at an address: joined when somebody has it open, opened otherwise. */
  ether(address: Address): OpenEther {
    const { radio, speed, log } = this.options;
    const key = addressText(address);
    const known = this.ethers.get(key);
    if (known !== undefined) return known;
    const ether = openEther({
      address: key,
      speed,
      radio,
      seed: randomInt(2 ** 31),
      log: (level, text) => log[level](text),
    });
    this.ethers.set(key, ether);
    return ether;
  }

  /** Builds a board and switches it on. Throws RoomError `bundle_missing`. */
  board(id: string, model: string, address: Address): SimBoard {
    const board = createSimBoard({
      id,
      model,
      ...readBundle(model),
      air: this.ether(address),
      // Chance, so that no two starts of a board have the same boot number.
      seed: randomInt(2 ** 31),
      settled: this.options.settled,
    });
    this.boards.add(board);
    return board;
  }

  /** A board of the configuration. It is switched on at the first open() and stays on when its port is closed. */
  source(config: SimBoardConfig): PortSource {
    const { id, model, ether } = config;
    let board: SimBoard | null = null;
    return {
      id,
      type: "sim",
      model,
      place: () => "",
      open: async () => {
        board ??= this.board(id, model, ether);
        return board.serial;
      },
      stop: async () => {
        if (board === null) return;
        board.stop();
        this.boards.delete(board);
      },
    };
  }

  /** Lets `count` simulated people chat in these rooms on every channel that is in use by now. */
  chat(rooms: readonly { name: string; key: Uint8Array }[], count: number): void {
    for (const air of this.ethers.values()) {
      this.chatter.push(startNeighbours({ air, rooms, count, seed: randomInt(2 ** 31) }));
    }
  }

  async stop(): Promise<void> {
    for (const end of this.chatter.splice(0)) end();
    for (const board of this.boards) board.stop();
    this.boards.clear();
    await Promise.all([...this.ethers.values()].map((ether) => ether.close()));
    this.ethers.clear();
  }
}
