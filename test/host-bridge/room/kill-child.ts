// Writes into the store in argv[2] as fast as it goes, until it is killed, and says what was acknowledged.
import { writeSync } from "node:fs";
import { systemClock } from "../../../host-bridge/clock.ts";
import { ingest, openRooms, post, sealText, testRoom } from "./rooms-bench.ts";

const room = testRoom("A", { maxHistory: 100_000 });
const { rooms, store } = openRooms(process.argv[2], systemClock, [room]);
let seq = store.cursors("b1")[0]?.seq ?? 0;

async function posts(name: string): Promise<never> {
  for (let i = 0; ; i++) {
    const outcome = await post(rooms, room, name, `${process.pid} ${i}`);
    if (outcome.ok) writeSync(1, `posted ${outcome.message.guid}\n`);
  }
}

async function heard(): Promise<never> {
  for (;;) {
    seq++;
    const error = await ingest(rooms, { room: "A", payload: sealText(room, seq, `radio: ${seq}`), seq });
    if (error === null) writeSync(1, `stored ${seq}\n`);
  }
}

await Promise.all([posts("Ann"), posts("Bob"), posts("Cleo"), heard()]);
