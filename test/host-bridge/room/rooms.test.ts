import assert from "node:assert/strict";
import { RoomError } from "../../../host-bridge/errors.ts";
import type { Log } from "../../../host-bridge/log.ts";
import type { RoomMessage } from "../../../host-bridge/room/message.ts";
import { makeRoom, type PostOutcome, type Room, type Rooms } from "../../../host-bridge/room/rooms.ts";
import type { Store } from "../../../host-bridge/room/store.ts";
import { hexToBytes } from "../../../protocol/bytes.ts";
import { Packet, parsePacket, ROUTE_DIRECT, TYPE_GRP_TXT } from "../../../protocol/packet.ts";
import { loadVectors } from "../../protocol/vector-file.ts";
import { FakeClock } from "../fake-clock.ts";
import { Scratch } from "../scratch.ts";
import { hex, ingest, openRooms, openText, post, roomConfig, sealText, testRoom } from "./rooms-bench.ts";

const scratch = new Scratch();

describe("rooms", () => {
  const clock = new FakeClock();
  const open = testRoom("Open");
  const other = testRoom("Other", { maxHistory: 3 });
  const readOnly = testRoom("Board", { readOnly: true });
  const quiet = testRoom("Quiet", { rebroadcast: false });
  let store: Store;
  let rooms: Rooms;
  let told: RoomMessage[];
  let toAir: string[];

  beforeEach(() => {
    const parts = openRooms(scratch.dir(), clock, [open, other, readOnly, quiet]);
    ({ store, rooms } = parts);
    told = [];
    toAir = [];
    parts.events.on("message", (message) => void told.push(message));
    parts.events.on("outbox", ({ room }) => void toAir.push(room));
  });

  afterEach(() => {
    rooms.stop();
    store.close();
    scratch.clean();
  });

  const posted = (outcome: PostOutcome): RoomMessage => {
    assert.ok(outcome.ok, String(outcome));
    return outcome.message;
  };
  const refused = (outcome: PostOutcome): string => (outcome.ok ? "accepted" : outcome.error.code);

  it("makes of a post the packet that a stock node reads", async () => {
    const message = posted(await post(rooms, open, "Ann", "hello"));
    assert.deepEqual(openText(open, message.payload), {
      timestamp: Math.floor(clock.unixMs() / 1000),
      line: "Ann: hello",
    });
    assert.match(message.guid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("keeps emoji and Cyrillic as they are", async () => {
    for (const text of ["Привет, эфир!", "👩‍🚒🚀 ok", "ﷺ\u0301 tab\tand\nline"]) {
      const message = posted(await post(rooms, open, "Їжак 🦔", text));
      assert.equal(openText(open, message.payload)?.line, `Їжак 🦔: ${text}`);
      assert.equal(message.text, text);
    }
  });

  it("takes 160 bytes of sender and text and calls 161 too long", async () => {
    const fits = "я".repeat(77);
    assert.equal(Buffer.byteLength(`Ann: ${fits}`), 159);
    assert.equal(posted(await post(rooms, open, "Ann", fits)).text, fits);
    assert.equal(posted(await post(rooms, open, "Ann", `${fits}x`)).text, `${fits}x`);
    assert.equal(refused(await post(rooms, open, "Ann", `${fits}xy`)), "too_long");
    assert.equal(refused(await post(rooms, open, "Ann", `${fits}я`)), "too_long");
    assert.equal(rooms.history(open, { limit: 10 }).length, 2);
  });

  it("refuses posts that cannot go on air, and those to a read-only room", async () => {
    assert.equal(refused(await post(rooms, readOnly, "Ann", "hi")), "read_only");
    for (const text of ["", "a\0b", "half \ud83d"]) {
      assert.equal(refused(await post(rooms, open, "Ann", text)), "bad_request", JSON.stringify(text));
    }
    for (const name of ["", " Ann", "a: b", "a\nb", "x".repeat(65)]) {
      assert.equal(refused(await post(rooms, open, name, "hi")), "bad_request", JSON.stringify(name));
    }
    assert.deepEqual(told, []);
  });

  it("tells nobody before the message is durable, and the poster first", async () => {
    const order: string[] = [];
    const seenOnDisk = (): number => rooms.history(open, { limit: 10 }).length;
    rooms.post(open, "Ann", "hi", "client", () => order.push(`posted ${seenOnDisk()}`));
    assert.deepEqual(order, []);
    assert.deepEqual(told, []);
    rooms.flush();
    assert.deepEqual(order, ["posted 1"]);
    assert.equal(told.length, 1);
    assert.deepEqual(toAir, ["Open"]);
  });

  it("makes two messages of the same text in the same second", async () => {
    const both = await Promise.all([post(rooms, open, "Ann", "hi"), post(rooms, open, "Ann", "hi")]);
    const third = await post(rooms, open, "Ann", "hi");
    const times = [...both, third].map((outcome) => posted(outcome).timestamp);
    assert.deepEqual(times, [times[0], times[0] + 1, times[0] + 2]);
    assert.equal(new Set(told.map(({ guid }) => guid)).size, 3);
  });

  it("puts the post into the outbox in the same transaction, unless the room is not rebroadcast", async () => {
    const message = posted(await post(rooms, open, "Ann", "hi"));
    await post(rooms, quiet, "Ann", "hi");
    assert.deepEqual(
      store.outbox(10).map(({ room, guid }) => [room, guid]),
      [["Open", message.guid]],
    );
    assert.deepEqual(toAir, ["Open"]);
  });

  it("takes a message from the air with everything that was heard", async () => {
    const payload = sealText(open, 1_722_222_222, "Carol: normal");
    assert.equal(await ingest(rooms, { room: "Open", payload }), null);
    assert.equal(told.length, 1);
    const { guid: _, receivedAt, ...rest } = told[0];
    assert.equal(receivedAt, clock.unixMs());
    assert.deepEqual(rest, {
      ...{ room: "Open", sender: "Carol", text: "normal", timestamp: 1_722_222_222, via: "radio", origin: "here" },
      ...{ rssi: -71, snr: 10.5, hops: 3, board: "b1", payload },
    });
    assert.deepEqual(store.outbox(10), []);
  });

  it("shows no signal for what the board said itself", async () => {
    await ingest(rooms, { room: "Open", payload: sealText(open, 5, "node: from the console"), own: true });
    const { rssi, snr, hops, via } = told[0];
    assert.deepEqual({ rssi, snr, hops, via }, { rssi: null, snr: null, hops: 0, via: "radio" });
  });

  it("stores once what comes twice, from two boards or as the echo of a post", async () => {
    const payload = sealText(open, 7, "Carol: normal");
    await Promise.all([
      ingest(rooms, { room: "Open", payload, board: "b1" }),
      ingest(rooms, { room: "Open", payload, board: "b2", seq: 9 }),
    ]);
    const own = posted(await post(rooms, open, "Ann", "hi"));
    await ingest(rooms, { room: "Open", payload: own.payload, seq: 2, own: true });
    assert.deepEqual(
      told.map(({ text }) => text),
      ["normal", "hi"],
    );
    assert.equal(store.cursors("b1")[0].seq, 2);
    assert.equal(store.cursors("b2")[0].seq, 9);
  });

  it("moves past what is of no use: another key, a wrong MAC, no plain text, not whole blocks", async () => {
    const good = sealText(open, 7, "Carol: normal");
    const wrongMac = Uint8Array.from(good);
    wrongMac[1] ^= 1;
    const useless = [
      sealText(other, 7, "Carol: other key"),
      wrongMac,
      sealText(open, 7, "Carol: kind 1", 4),
      good.slice(0, good.length - 1),
      new Uint8Array(0),
      new Uint8Array(184),
      new Uint8Array(300),
    ];
    for (const [i, payload] of useless.entries()) {
      assert.equal(await ingest(rooms, { room: "Open", payload, seq: i + 1 }), null);
    }
    assert.deepEqual(told, []);
    assert.equal(store.cursors("b1")[0].seq, useless.length);
    await ingest(rooms, { room: "Open", payload: good, seq: 8 });
    assert.equal(told.length, 1);
  });

  it("shows bytes that are no UTF-8 as replacement characters, and a line without sender as text", async () => {
    const broken = Uint8Array.from([...Buffer.from("Ann: a"), 0xff, 0xc3]);
    await ingest(rooms, { room: "Open", payload: sealText(open, 9, broken) });
    await ingest(rooms, { room: "Open", payload: sealText(open, 9, "none"), seq: 2 });
    assert.deepEqual(
      told.map(({ sender, text }) => [sender, text]),
      [
        ["Ann", "a\ufffd\ufffd"],
        ["", "none"],
      ],
    );
  });

  it("gives the history of one room, oldest first, at most max_history", async () => {
    for (let i = 1; i <= 5; i++) await post(rooms, other, "Ann", `n${i}`);
    await post(rooms, open, "Ann", "elsewhere");
    const texts = (limit: number): string[] => rooms.history(other, { limit }).map(({ text }) => text);
    assert.deepEqual(texts(1000), ["n3", "n4", "n5"]);
    assert.deepEqual(texts(2), ["n4", "n5"]);
  });

  it("shows posts of one second in the order in which they came, and does not let a flood run far ahead", async () => {
    const big = testRoom("Big", { maxHistory: 1000 });
    rooms.apply([open, other, big]);
    for (let i = 0; i < 300; i++) await post(rooms, big, "Ann", `n${i}`);
    const history = rooms.history(big, { limit: 1000 });
    const nowS = Math.floor(clock.unixMs() / 1000);
    const ahead = history.findIndex(({ timestamp }) => timestamp >= nowS + 60);
    assert.ok(ahead > 60, String(ahead));
    assert.deepEqual(
      history.slice(0, ahead).map(({ text }) => text),
      Array.from({ length: ahead }, (_, i) => `n${i}`),
    );
    assert.equal(Math.max(...history.map(({ timestamp }) => timestamp)), nowS + 60);
  });

  it("tells the poster and the board when the store fails, and nobody else", async () => {
    const write = store.write.bind(store);
    store.write = () => {
      throw new RoomError("store_full", "no room on the disk");
    };
    const [outcome, error] = await Promise.all([
      post(rooms, open, "Ann", "hi"),
      ingest(rooms, { room: "Open", payload: sealText(open, 7, "Carol: normal") }),
    ]);
    assert.equal(refused(outcome), "store_full");
    assert.ok(error instanceof RoomError);
    assert.deepEqual(told, []);
    store.write = write;
    assert.equal(posted(await post(rooms, open, "Ann", "hi")).text, "hi");
  });

  it("says once that nothing can be stored, and when it can again", async () => {
    const lines: string[] = [];
    const say = (text: string): void => void lines.push(text);
    const log = { debug: say, info: say, warn: say, error: say } as unknown as Log;
    const own = openRooms(scratch.dir(), clock, [open], log);
    const states: (string | null)[] = [];
    own.events.on("store", ({ error }) => void states.push(error?.code ?? null));
    const write = own.store.write.bind(own.store);
    own.store.write = () => {
      throw new RoomError("store_full", "no room on the disk");
    };
    for (let i = 0; i < 5; i++) assert.equal(refused(await post(own.rooms, open, "Ann", "hi")), "store_full");
    assert.equal(own.rooms.trouble()?.code, "store_full");
    assert.deepEqual(states, ["store_full"]);
    assert.equal(lines.length, 1);
    await clock.run(61_000);
    await post(own.rooms, open, "Ann", "hi");
    assert.match(lines[1], /^6 messages could not be stored/);
    own.store.write = write;
    posted(await post(own.rooms, open, "Ann", "hi"));
    assert.equal(own.rooms.trouble(), null);
    assert.deepEqual(states, ["store_full", null]);
    assert.deepEqual(lines.slice(2), ["Messages are stored again; 6 were refused meanwhile"]);
    own.store.close();
  });

  it("writes what is waiting when it stops", () => {
    let outcome: PostOutcome | null = null;
    rooms.post(open, "Ann", "last words", "client", (result) => {
      outcome = result;
    });
    rooms.stop();
    assert.ok(outcome !== null);
    assert.equal(rooms.history(open, { limit: 1 })[0].text, "last words");
  });

  it("refuses two rooms with one key", () => {
    const key = open.key;
    const twice: Room[] = [makeRoom(roomConfig("x"), key), makeRoom(roomConfig("y"), key)];
    assert.throws(
      () => openRooms(scratch.dir(), clock, twice),
      (error) => error instanceof RoomError && error.code === "bad_config" && /"x" and "y"/.test(error.message),
    );
  });
});

interface ChannelVectors {
  channels: { id: string; psk: string }[];
  messages: TextVector[];
  receive: TextVector[];
}
interface TextVector {
  id: string;
  channel: string;
  raw: string;
  delivered: { timestamp: number; text_hex: string }[];
}

describe("rooms: group_channels.json", () => {
  afterEach(() => scratch.clean());

  it("shows each message as the firmware delivers it, once", async () => {
    const vectors = loadVectors("group_channels.json") as ChannelVectors;
    const packet = new Packet();
    const entries = [...vectors.messages, ...vectors.receive].filter(({ channel, raw }) => {
      const bytes = hexToBytes(raw);
      const isRead = parsePacket(bytes, bytes.length, packet) === 0 && packet.type === TYPE_GRP_TXT;
      return isRead && packet.route !== ROUTE_DIRECT && vectors.channels.some(({ id }) => id === channel);
    });
    assert.ok(entries.length > 20);
    for (const { id, psk } of vectors.channels) {
      const room = makeRoom(roomConfig(id, { maxHistory: 1000 }), hexToBytes(psk));
      const { rooms, store } = openRooms(scratch.dir(), new FakeClock(), [room]);
      for (const entry of entries.filter(({ channel }) => channel === id)) {
        const before = new Set(rooms.history(room, { limit: 1000 }).map(({ guid }) => guid));
        const bytes = hexToBytes(entry.raw);
        parsePacket(bytes, bytes.length, packet);
        const payload = bytes.slice(packet.payloadAt);
        await ingest(rooms, { room: id, payload });
        await ingest(rooms, { room: id, payload });
        const texts = rooms.history(room, { limit: 1000 }).filter(({ guid }) => !before.has(guid));
        assert.equal(texts.length, entry.delivered.length, entry.id);
        for (const [i, { timestamp, text_hex }] of entry.delivered.entries()) {
          const { sender, text } = texts[i];
          const expected = Buffer.from(text_hex, "hex").toString("utf8");
          assert.equal(texts[i].timestamp, timestamp, entry.id);
          // Without ": " there is no sender.
          assert.equal(expected.includes(": ") ? `${sender}: ${text}` : text, expected, `${entry.id} ${hex(payload)}`);
        }
      }
      store.close();
    }
  });

  it("tells of everything that was on the air, known or not, and of nothing that a board sent itself", async () => {
    const { rooms, events, store } = openRooms(scratch.dir(), new FakeClock(), [testRoom("Air")]);
    const room = rooms.list[0];
    const told: string[] = [];
    events.on("reception", ({ board }) => void told.push(board));
    const payload = sealText(room, 1000, "Carol: hi");
    await ingest(rooms, { room: "Air", payload, board: "new" });
    await ingest(rooms, { room: "Air", payload, board: "known" });
    await ingest(rooms, {
      room: "Air",
      payload: sealText(room, 1005, "Carol: hi"),
      board: "again with another timestamp",
    });
    await ingest(rooms, { room: "Air", payload: sealText(room, 1010, "Ann: ho"), board: "own", own: true });
    await ingest(rooms, { room: "Air", payload: payload.slice(1), board: "broken" });
    assert.deepEqual(told, ["new", "known", "again with another timestamp"]);
    rooms.stop();
    store.close();
  });
});
