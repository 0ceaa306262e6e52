// The built bundles on a channel that leaves out the time between events: nothing may be lost for being fast.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BOARDS } from "../../boards/all.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { GroupCipher, makeChannel } from "../../protocol/channel.ts";
import { encodeGroupText } from "../../protocol/group-text.ts";
import { encodePacket, ROUTE_FLOOD, TYPE_GRP_TXT } from "../../protocol/packet.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { utf8Encode } from "../../protocol/utf8.ts";
import { type OpenEther, openEther } from "../../simulator/open-ether.ts";
import { createSimBoard, type SimBoard } from "../../simulator/sim-board.ts";
import { EU, Listener } from "./stations.ts";
import { freePort } from "./tcp-station.ts";

const KEY = "9cd8fcf22a47333b591d96a2b848b73f";
const FRAMES = 1000;

function built(file: string): string {
  return readFileSync(join(import.meta.dirname, "../../dist/firmware", file), "latin1");
}

class Terminal {
  text = "";
  private readonly board: SimBoard;

  constructor(board: SimBoard) {
    this.board = board;
    board.serial.onData((bytes) => {
      this.text += Buffer.from(bytes).toString("latin1");
    });
  }

  /** Types a line and waits for an answer that fits, repeating the line until it comes. */
  async ask(line: string, answer: RegExp): Promise<RegExpExecArray> {
    for (let tries = 0; tries < 400; tries++) {
      if (tries % 20 === 0) this.board.serial.write(Buffer.from(`${line}\r\n`));
      const found = answer.exec(this.text);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`no answer to ${line}: ${this.text.slice(-500)}`);
  }
}

describe("channel at speed 0 with built bundles", () => {
  const open: { stop(): void | Promise<void> }[] = [];

  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.stop();
  });

  const ether = async (options: Partial<Parameters<typeof openEther>[0]>): Promise<OpenEther> => {
    const air = openEther({ radio: EU, speed: 0, patienceMs: 50, ...options });
    open.push({ stop: () => air.close() });
    await air.ready();
    return air;
  };

  async function burst(model: string, boardsAir: OpenEther, stationsAir: OpenEther): Promise<void> {
    const board = createSimBoard({
      ...{ id: model, model, source: built(`${model}.js`), library: built(`${model}.lib`) },
      air: boardsAir,
    });
    open.push(board);
    const terminal = new Terminal(board);
    await terminal.ask("room add test " + KEY, /OK|exists/);
    // The console answers before the radio is set up.
    while (!board.chip.listening()) await new Promise((resolve) => setTimeout(resolve, 10));
    const cipher = new GroupCipher(softCrypto());
    const channel = makeChannel(softCrypto(), hexToBytes(KEY));
    const station = new Listener(stationsAir);
    for (let i = 0; i < FRAMES; i++) {
      const plain = new Uint8Array(192);
      const length = encodeGroupText(1_700_000_000 + i, utf8Encode(`tester: number ${i}`), plain);
      const payload = new Uint8Array(192);
      const size = cipher.seal(channel, plain, length, payload, 0);
      station.seat.transmit(encodePacket({ route: ROUTE_FLOOD, type: TYPE_GRP_TXT, payload: payload.slice(0, size) }));
    }
    await terminal.ask("stats-packets", new RegExp(`"recv":${FRAMES},`));
    const [, numbers] = await terminal.ask("history test 5", /((?:#\d+ [^\n]*\r?\n[^\n#]*){5})/);
    const last = [...numbers.matchAll(/#(\d+) .*number (\d+)/g)].map((match) => [Number(match[1]), Number(match[2])]);
    assert.deepEqual(
      last,
      [5, 4, 3, 2, 1].map((back) => [FRAMES + 1 - back, FRAMES - back]),
      "every frame in its order",
    );
    assert.deepEqual(board.violations, []);
    assert.deepEqual(board.uncaught, []);
  }

  for (const { id } of BOARDS) {
    it(`${id}: takes ${FRAMES} frames without a pause, complete and in order`, async () => {
      const air = await ether({});
      await burst(id, air, air);
    });
  }

  it("the same over TCP, where a board acknowledges what it was told", async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const host = await ether({ address });
    const guest = await ether({ address });
    assert.deepEqual([host.state, guest.state], ["hosting", "joined"]);
    await burst("rak4631", guest, host);
  });
});
