// `npm run bench [-- --json FILE]`: each thing beside its plain alternative, in the same run. Ratios travel, rates do not.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { systemClock } from "../../host-bridge/clock.ts";
import { nodeCrypto } from "../../host-bridge/node-crypto.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { GroupCipher, makeChannel } from "../../protocol/channel.ts";
import { kissFrame } from "../../protocol/kiss.ts";
import { Packet, packetHash, parsePacket } from "../../protocol/packet.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { openRooms, sealText, testRoom } from "../host-bridge/room/rooms-bench.ts";
import { groupText, TEST_KEY, World } from "../scenario/world.ts";
import { benchClients, clientTable } from "./clients.ts";
import { benchFederation, federationTables } from "./federation.ts";
import { benchFirmware, firmwareTables, writeFirmwarePage } from "./firmware.ts";
import { compare, type Measured, table } from "./measure.ts";

const rows: Measured[] = [];
const folder = mkdtempSync(join(tmpdir(), "meshcore-room-bench-"));
try {
  await benchProtocol();
  await benchStore();
  await benchBoard();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(table(rows));
const clients = await benchClients();
if (clients) console.log(`\n${clientTable(clients)}\n`);
const federation = await benchFederation();
if (federation) console.log(`\n${federationTables(federation)}\n`);
const firmware = await benchFirmware();
if (firmware) {
  console.log(`\n${firmwareTables(firmware)}`);
  if (firmware.costs.length > 0) writeFirmwarePage(firmware);
}
const memory = Math.round(process.memoryUsage().rss / 1e6);
console.log(`resident memory of this process at the end: ${memory} MB`);
const at = process.argv.indexOf("--json");
if (at > 0)
  writeFileSync(
    process.argv[at + 1],
    `${JSON.stringify({ node: process.version, rows, memory, clients, federation, firmware }, null, 2)}\n`,
  );

async function benchProtocol(): Promise<void> {
  const frame = hexToBytes(groupText(TEST_KEY, 1700000000, "Ann", "x".repeat(150), "a1b2c3"));
  const packet = new Packet();
  rows.push(
    await compare(
      "packet: parse and hash",
      1000,
      () => {
        for (let i = 0; i < 1000; i++) {
          parsePacket(frame, frame.length, packet);
          packetHash(nodeCrypto, frame, packet);
        }
      },
      "SHA-256 of the frame alone",
      () => {
        for (let i = 0; i < 1000; i++) createHash("sha256").update(frame).digest();
      },
    ),
  );

  const channel = makeChannel(nodeCrypto, hexToBytes(TEST_KEY));
  const [native, soft] = [new GroupCipher(nodeCrypto), new GroupCipher(softCrypto())];
  parsePacket(frame, frame.length, packet);
  const open = (cipher: GroupCipher) => () => {
    for (let i = 0; i < 100; i++) cipher.open(channel, frame, packet.payloadAt, packet.payloadLen);
  };
  rows.push(await compare("channel: open on node:crypto", 100, open(native), "on plain TypeScript", open(soft)));

  const body = Buffer.from(frame).toString("latin1");
  rows.push(
    await compare(
      "link: KISS frame of 170 bytes",
      1000,
      () => {
        // As bytes, as the port wants them: until then V8 only notes what is to be joined.
        for (let i = 0; i < 1000; i++) Buffer.from(kissFrame(1, 0, body), "latin1");
      },
      "byte by byte",
      () => {
        for (let i = 0; i < 1000; i++) Buffer.from(kissByteByByte(body), "latin1");
      },
    ),
  );
}

function kissByteByByte(body: string): string {
  let out = "\xc0\x10";
  for (let i = 0; i < body.length; i++) {
    const code = body.charCodeAt(i);
    if (code === 0xc0) out += "\xdb\xdc";
    else if (code === 0xdb) out += "\xdb\xdd";
    else out += body[i];
  }
  return `${out}\xc0`;
}

/** Durable messages: the rooms batch what arrives together, the plain way commits each. */
async function benchStore(): Promise<void> {
  const room = testRoom("Bench", { maxHistory: 1000 });
  const { rooms, store } = openRooms(join(folder, "ours"), systemClock, [room]);
  const plain = new DatabaseSync(join(folder, "plain.sqlite"));
  plain.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE m (id INTEGER PRIMARY KEY, payload BLOB)",
  );
  const insert = plain.prepare("INSERT INTO m (payload) VALUES (?)");
  let timestamp = 1;
  const batch = (size: number) => () =>
    new Promise<void>((resolve) => {
      let open = size;
      for (let i = 0; i < size; i++) {
        const payload = sealText(room, timestamp++, "Ann: a message of ordinary length, nothing special");
        const place = { board: "b", bootId: 1, keyCheck: 2, seq: timestamp, own: false, rssi: -71, snr: 10, hops: 1 };
        rooms.ingest({ room: room.name, payload, ...place }, () => {
          if (--open === 0) resolve();
        });
      }
    });
  const bare = (size: number) => () => {
    for (let i = 0; i < size; i++) insert.run(new Uint8Array(80));
  };
  rows.push(
    await compare(
      "history: one message, decrypted and durable",
      1,
      batch(1),
      "bare INSERT (same package), one commit each",
      bare(1),
    ),
  );
  const together = (size: number) => () => {
    plain.exec("BEGIN");
    bare(size)();
    plain.exec("COMMIT");
  };
  rows.push(
    await compare(
      "history: 32 that arrive together",
      32,
      batch(32),
      "bare INSERT (same package), one commit each",
      bare(32),
    ),
  );
  // What decryption, de-duplication, receptions, retention and the search index cost where the disk does not count.
  rows.push(
    await compare(
      "history: 32 that arrive together",
      32,
      batch(32),
      "bare INSERT (same package), one commit",
      together(32),
    ),
  );
  rooms.stop();
  store.close();
  plain.close();
}

/** The built bundle in the simulated engine: frames through chip, driver, mesh and ring. */
async function benchBoard(): Promise<void> {
  const world = new World();
  const { run, board } = world.board("sim");
  run(`room add test ${TEST_KEY} 200`);
  const station = world.station();
  let timestamp = 1;
  rows.push(
    await compare(
      "board in the simulator: frame into the ring",
      20,
      () => {
        for (let i = 0; i < 20; i++) {
          station.send(groupText(TEST_KEY, timestamp++, "Ann", "a message of ordinary length"));
          world.wait(2000);
        }
      },
      "the frame's crypto alone",
      () => {
        const cipher = new GroupCipher(softCrypto());
        const channel = makeChannel(softCrypto(), hexToBytes(TEST_KEY));
        for (let i = 0; i < 20; i++) {
          const frame = hexToBytes(groupText(TEST_KEY, timestamp++, "Ann", "a message of ordinary length"));
          cipher.open(channel, frame, 2, frame.length - 2);
        }
      },
    ),
  );
  if (board.uncaught.length > 0) throw new Error(board.uncaught[0]);
  world.stop();
  for (const id of ["heltec-v3", "rak4631", "sim"]) {
    const facts = JSON.parse(readFileSync(join(import.meta.dirname, `../../dist/firmware/${id}.json`), "utf8"));
    console.log(`${id}: ${facts.bytes} bytes, ${facts.gzip_bytes} with gzip`);
  }
}
