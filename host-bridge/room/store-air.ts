import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";
import { BELIEVABLE_MS, believableUnixS } from "../clock.ts";
import { storeError } from "./store-errors.ts";

/** What a transmission has used of a room's share of the air. */
export interface AirSpent {
  /** Name of the room, and the boards' channel as text. */
  room: string;
  channel: string;
  airMs: number;
  /** Unix milliseconds of this server. */
  endedAt: number;
}

const HOUR_MS = 3_600_000;

/** What the last hour's messages of peers have used of the air, so that a restart does not give it a second time. */
export class AirLedger {
  private readonly path: string;
  private readonly sql: ReturnType<typeof prepare>;

  constructor(db: Database, path: string) {
    this.path = path;
    this.sql = prepare(db);
  }

  /** Durable on return. Throws RoomError `store_...`. */
  spend({ room, channel, airMs, endedAt }: AirSpent): void {
    try {
      this.sql.add.run(room, channel, airMs, Math.round(endedAt));
      // What was dated by a clock that was not set gets its date at the next start.
      this.sql.prune.run(BELIEVABLE_MS, Math.round(endedAt) - 2 * HOUR_MS);
    } catch (error) {
      throw storeError(error, this.path);
    }
  }

  /** Of the last two hours, oldest first. What a clock has dated that was wrong, then or now, counts as spent at this moment. */
  recent(nowMs: number): AirSpent[] {
    const isClockSet = believableUnixS({ unixMs: () => nowMs }) > 0;
    try {
      return (this.sql.all.all() as unknown as AirSpent[])
        .map((row) => {
          const isDated = isClockSet && row.endedAt <= nowMs && believableUnixS({ unixMs: () => row.endedAt }) > 0;
          if (isClockSet && !isDated) this.sql.redate.run(Math.round(nowMs), row.endedAt);
          return { ...row, endedAt: isDated ? row.endedAt : nowMs };
        })
        .filter(({ endedAt }) => endedAt > nowMs - 2 * HOUR_MS)
        .sort((a, b) => a.endedAt - b.endedAt);
    } catch (error) {
      throw storeError(error, this.path);
    }
  }
}

function prepare(db: Database) {
  return {
    add: db.prepare("INSERT INTO air_spent (room, channel, air_ms, ended_at) VALUES (?, ?, ?, ?)"),
    prune: db.prepare("DELETE FROM air_spent WHERE ended_at >= ? AND ended_at < ?"),
    all: db.prepare("SELECT room, channel, air_ms AS airMs, ended_at AS endedAt FROM air_spent ORDER BY id"),
    redate: db.prepare("UPDATE air_spent SET ended_at = ? WHERE ended_at = ?"),
  };
}
