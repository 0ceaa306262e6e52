import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";

export interface Muted {
  sender: string;
  /** Unix milliseconds, as the next. */
  since: number;
  /** null: until further notice. */
  until: number | null;
}

/** Muted senders and topics of rooms. Everything is in memory as well, because each message asks. */
export class Moderation {
  private readonly sql: ReturnType<typeof prepare>;
  private readonly unixMs: () => number;
  private readonly muted = new Map<string, Muted>();
  private readonly topics = new Map<string, string>();

  constructor(db: Database, unixMs: () => number) {
    this.sql = prepare(db);
    this.unixMs = unixMs;
    for (const row of this.sql.muted.all() as (Muted & { room: string })[]) {
      const { room, sender, since, until } = row;
      this.muted.set(keyOf(room, sender), { sender, since, until });
    }
    for (const row of this.sql.topics.all() as { room: string; topic: string }[]) this.topics.set(row.room, row.topic);
  }

  isMuted(room: string, sender: string): boolean {
    if (this.muted.size === 0) return false;
    const found = this.muted.get(keyOf(room, sender));
    return found !== undefined && (found.until === null || found.until > this.unixMs());
  }

  mute(room: string, sender: string, forS: number | null): void {
    const since = this.unixMs();
    const until = forS === null ? null : since + forS * 1000;
    this.sql.mute.run(room, nameOf(sender), since, until);
    this.muted.set(keyOf(room, sender), { sender: nameOf(sender), since, until });
  }

  /** False when that sender was not muted. */
  unmute(room: string, sender: string): boolean {
    this.sql.unmute.run(room, nameOf(sender));
    return this.muted.delete(keyOf(room, sender));
  }

  mutedIn(room: string): Muted[] {
    const nowMs = this.unixMs();
    const start = keyOf(room, "");
    return [...this.muted]
      .filter(([key, { until }]) => key.startsWith(start) && (until === null || until > nowMs))
      .map(([, entry]) => entry);
  }

  /** null where nobody has set one here. */
  topic(room: string): string | null {
    return this.topics.get(room) ?? null;
  }

  /** null gives the room the topic of the configuration again. */
  setTopic(room: string, topic: string | null): void {
    if (topic === null) {
      this.sql.dropTopic.run(room);
      this.topics.delete(room);
    } else {
      this.sql.setTopic.run(room, topic);
      this.topics.set(room, topic);
    }
  }
}

function prepare(db: Database) {
  return {
    muted: db.prepare("SELECT room, sender, since, until FROM muted"),
    mute: db.prepare("INSERT OR REPLACE INTO muted (room, sender, since, until) VALUES (?, ?, ?, ?)"),
    unmute: db.prepare("DELETE FROM muted WHERE room = ? AND sender = ?"),
    topics: db.prepare("SELECT room, topic FROM topics"),
    setTopic: db.prepare("INSERT OR REPLACE INTO topics (room, topic) VALUES (?, ?)"),
    dropTopic: db.prepare("DELETE FROM topics WHERE room = ?"),
  };
}

/** "bob" and "Bob " are the same person to who mutes one. */
const nameOf = (sender: string): string => sender.normalize("NFKC").trim().toLowerCase();
const keyOf = (room: string, sender: string): string => `${room}\0${nameOf(sender)}`;
