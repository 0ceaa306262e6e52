import assert from "node:assert/strict";
import { makeRoom, type Room } from "../../../host-bridge/room/rooms.ts";
import { bytesToHex, hexToBytes } from "../../../protocol/bytes.ts";
import { groupText, TEST_KEY, World } from "../../scenario/world.ts";
import { openText, post, roomConfig } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { KissBench } from "./kiss-bench.ts";

/** Port 0 of our own board is a KISS modem too: here it is one for the daemon, with the built bundle. */
describe("kiss: the modem of a board of ours", function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  const room: Room = makeRoom(roomConfig("test"), hexToBytes(TEST_KEY));
  let world: World;
  let bench: KissBench;

  beforeEach(() => {
    world = new World();
    const { board } = world.board("sim");
    bench = new KissBench(scratch.dir(), world.clock, [room], () => board.serial);
  });
  afterEach(async () => {
    await bench.stop();
    world.stop();
    scratch.clean();
  });

  it("hears and speaks in a room that only the host knows", async () => {
    const station = world.station();
    await bench.run(3000);
    const [status] = bench.boards.status();
    assert.deepEqual([status.connected, status.model, status.error], [true, "sim", null]);
    assert.deepEqual(
      bench.lines.filter((line) => /^(warn|error)/.test(line)),
      [],
    );
    for (let i = 1; i <= 3; i++) {
      station.send(groupText(TEST_KEY, 1_700_000_000 + i, "Carol", `n${i}`, "aabb"));
      // The board forwards what it hears, and is deaf meanwhile.
      await bench.run(8000);
    }
    assert.deepEqual(bench.texts(room), ["n1", "n2", "n3"]);
    const { hops, rssi, board } = bench.rooms.history(room, { limit: 1 })[0];
    assert.deepEqual([hops, board], [2, "k1"]);
    assert.ok(rssi !== null && rssi < 0);
    station.heard.length = 0;
    await post(bench.rooms, room, "Ann", "hello");
    await bench.run(15_000);
    assert.equal(bench.store.countOutbox(), 0);
    const texts = station.heard.map(({ frame }) => {
      assert.equal(bytesToHex(frame).slice(0, 4), "1500");
      return openText(room, Uint8Array.from(frame).slice(2))?.line;
    });
    assert.deepEqual(texts, ["Ann: hello"]);
  });
});
