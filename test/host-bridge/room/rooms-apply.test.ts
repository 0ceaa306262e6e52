import assert from "node:assert/strict";
import type { RoomConfig } from "../../../host-bridge/config/schema.ts";
import { RoomError } from "../../../host-bridge/errors.ts";
import type { Events } from "../../../host-bridge/events.ts";
import { makeRoom, type Room, type Rooms, type RoomsChange } from "../../../host-bridge/room/rooms.ts";
import type { Store } from "../../../host-bridge/room/store.ts";
import { FakeClock } from "../fake-clock.ts";
import { Scratch } from "../scratch.ts";
import { ingest, keyOf, openRooms, post, roomConfig, sealText, testRoom } from "./rooms-bench.ts";

const scratch = new Scratch();

describe("rooms: applied at run time", () => {
  const clock = new FakeClock();
  const named = (name: string, key: string, fields: Partial<RoomConfig> = {}): Room =>
    makeRoom(roomConfig(name, fields), keyOf(key));
  let dir: string;
  let store: Store;
  let rooms: Rooms;
  let events: Events;
  let changes: RoomsChange[];
  let lines: string[];

  const open = (list: Room[]): void => {
    const say = (text: string): void => void lines.push(text);
    const log = { debug: say, info: say, warn: say, error: say };
    ({ store, rooms, events } = openRooms(dir, clock, list, log as unknown as Parameters<typeof openRooms>[3]));
    events.on("rooms", (change) => void changes.push(change));
  };
  const close = (): void => {
    rooms.stop();
    store.close();
  };
  const say = async (name: string, text: string): Promise<void> => {
    const outcome = await post(rooms, room(name), "Ann", text);
    assert.ok(outcome.ok);
  };
  const room = (name: string): Room => rooms.get(name) ?? assert.fail(`no room ${name}`);
  const texts = (name: string): string[] => rooms.history(room(name), { limit: 100 }).map(({ text }) => text);
  const named3 = ({ added, removed, changed }: RoomsChange) => ({
    added: added.map(({ name }) => name),
    removed: removed.map(({ name }) => name),
    changed: changed.map(({ room: { name }, isRekeyed }) => [name, isRekeyed]),
  });

  beforeEach(() => {
    dir = scratch.dir();
    changes = [];
    lines = [];
    open([testRoom("A"), testRoom("B")]);
  });

  afterEach(() => {
    close();
    scratch.clean();
  });

  it("adds, removes and changes rooms, and tells it once", async () => {
    const a = room("A");
    await say("B", "in B");
    rooms.apply([testRoom("A"), testRoom("C"), testRoom("B", { description: "another" })]);
    assert.deepEqual(changes.map(named3), [{ added: ["C"], removed: [], changed: [["B", false]] }]);
    assert.equal(room("A"), a);
    assert.deepEqual(
      rooms.list.map(({ name }) => name),
      ["A", "C", "B"],
    );
    await say("C", "in C");
    assert.deepEqual([texts("B"), texts("C")], [["in B"], ["in C"]]);
    rooms.apply([testRoom("A")]);
    assert.deepEqual(named3(changes[1]), { added: [], removed: ["C", "B"], changed: [] });
    assert.equal(rooms.get("B"), undefined);
  });

  it("has the history of a removed room when it comes back", async () => {
    await say("B", "before");
    rooms.apply([testRoom("A")]);
    close();
    open([testRoom("A")]);
    rooms.apply([testRoom("A"), testRoom("B")]);
    assert.deepEqual(texts("B"), ["before"]);
  });

  it("writes what was waiting for a room before the room goes", async () => {
    const posted = post(rooms, room("B"), "Ann", "just in time");
    rooms.apply([testRoom("A")]);
    assert.ok((await posted).ok);
    rooms.apply([testRoom("A"), testRoom("B")]);
    assert.deepEqual(texts("B"), ["just in time"]);
  });

  it("does not acknowledge to a board what comes for a removed room", async () => {
    const payload = sealText(room("B"), 5, "Carol: hi");
    rooms.apply([testRoom("A")]);
    const error = await ingest(rooms, { room: "B", payload });
    assert.ok(error instanceof RoomError && error.code === "unknown_room");
  });

  it("keeps the history of a room with a new key and reads with the new key only", async () => {
    await say("B", "old key");
    const old = room("B");
    rooms.apply([testRoom("A"), named("B", "new")]);
    assert.deepEqual(named3(changes[0]).changed, [["B", true]]);
    await ingest(rooms, { room: "B", payload: sealText(old, 5, "Carol: old"), seq: 1 });
    await ingest(rooms, { room: "B", payload: sealText(room("B"), 5, "Carol: new"), seq: 2 });
    assert.deepEqual(texts("B"), ["new", "old key"]);
  });

  it("drops posts that wait to go on air with the old key, and says so", async () => {
    await say("A", "stays");
    await say("B", "sealed with the old key");
    rooms.apply([testRoom("A"), named("B", "new")]);
    assert.equal(store.countOutbox(), 1);
    assert.ok(lines.some((line) => /"B" has a new key and keeps its history; 1 posts/.test(line)));
    assert.deepEqual(texts("B"), ["sealed with the old key"]);
  });

  it("archives the history of a re-keyed room where the operator wants it, over a restart too", async () => {
    await say("B", "old key");
    close();
    open([testRoom("A"), named("B", "new", { onRekey: "archive" })]);
    assert.deepEqual(texts("B"), []);
    const archive = /is archived as "(B@[^"]*)"/.exec(lines.join("\n"))?.[1] ?? assert.fail(lines.join("\n"));
    await say("B", "new key");
    rooms.apply([testRoom("A"), named("B", "newer", { onRekey: "archive" })]);
    assert.deepEqual(texts("B"), []);
    assert.match(lines.at(-1) ?? "", new RegExp(`archived as "${archive}-2"`));
    rooms.apply([testRoom("A"), named(archive, "any")]);
    assert.deepEqual(texts(archive), ["old key"]);
  });

  it("brings the history along to a new name", async () => {
    await say("B", "under B");
    rooms.apply([testRoom("A"), named("New", "B", { previousName: "B" })]);
    assert.deepEqual(named3(changes[0]), { added: ["New"], removed: ["B"], changed: [] });
    await say("New", "under New");
    // The key may stay in the configuration.
    close();
    open([testRoom("A"), named("New", "B", { previousName: "B" })]);
    assert.deepEqual(texts("New"), ["under B", "under New"]);
    assert.equal(store.countOutbox(), 2);
  });

  it("archives under the old name what was renamed with another key", async () => {
    await say("B", "under B");
    rooms.apply([testRoom("A"), named("New", "other", { previousName: "B", onRekey: "archive" })]);
    assert.deepEqual(texts("New"), []);
    assert.match(lines.at(-1) ?? "", /"New" has a new key; its history is archived as "B@/);
  });

  it("refuses rooms that cannot be told apart or claim another's history, and stays as it was", () => {
    const before = rooms.list;
    for (const bad of [
      [testRoom("A"), named("B", "A")],
      [testRoom("A"), named("C", "c", { previousName: "A" })],
    ]) {
      assert.throws(
        () => rooms.apply(bad),
        (error) => error instanceof RoomError && error.code === "bad_config",
      );
    }
    assert.equal(rooms.list, before);
    assert.deepEqual(changes, []);
  });

  it("prunes at once when max_history has become less", async () => {
    for (const text of ["1", "2", "3"]) await say("A", text);
    rooms.apply([testRoom("A", { maxHistory: 2 }), testRoom("B")]);
    assert.deepEqual(texts("A"), ["2", "3"]);
  });
});
