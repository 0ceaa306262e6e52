import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";

export const MESSAGE_COLUMNS =
  "guid, payload, sender, text, timestamp, received_at, via, origin, rssi, snr, hops, board";

export type Statements = ReturnType<typeof prepareSql>;

/** Every statement of the message path, compiled once. What history() asks is in store-query.ts. */
export function prepareSql(db: Database) {
  return {
    roomOf: db.prepare("SELECT id, key_check AS keyCheck FROM rooms WHERE name = ?"),
    addRoom: db.prepare("INSERT INTO rooms (name, key_check) VALUES (?, ?)"),
    setRoomKey: db.prepare("UPDATE rooms SET key_check = ? WHERE id = ?"),
    renameRoom: db.prepare("UPDATE rooms SET name = ? WHERE id = ?"),
    countMessages: db.prepare("SELECT count(*) AS n FROM messages WHERE room = ?"),
    countSenders: db.prepare(
      "SELECT count(DISTINCT sender) AS n FROM messages WHERE room = ? AND received_at >= ? AND sender <> ''",
    ),
    senders: db.prepare(
      `SELECT sender AS name, max(received_at) AS lastSeen, count(*) AS messages FROM messages
        WHERE room = ? AND received_at >= ? AND sender <> '' GROUP BY sender ORDER BY lastSeen DESC, name`,
    ),
    hasSeen: db.prepare("SELECT 1 FROM messages WHERE guid = ?1 UNION ALL SELECT 1 FROM seen WHERE guid = ?1"),
    keepSeen: db.prepare(
      "INSERT OR IGNORE INTO seen (room, guid) SELECT room, guid FROM messages WHERE room = ? ORDER BY timestamp, guid LIMIT ?",
    ),
    pruneSeen: db.prepare(
      "DELETE FROM seen WHERE room = ? AND id <= (SELECT id FROM seen WHERE room = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
    ),
    /** Changes nothing where the GUID, the second value, is or was there. A conflict would use up a number (store-deliveries.ts). */
    addMessage: db.prepare(
      `INSERT INTO messages (room, ${MESSAGE_COLUMNS}, stream, seq, born_at) SELECT ${"?, ".repeat(15)}?
        WHERE NOT EXISTS (SELECT 1 FROM messages WHERE guid = ?2) AND NOT EXISTS (SELECT 1 FROM seen WHERE guid = ?2)`,
    ),
    /** The same, and what was pruned comes back. */
    importMessage: db.prepare(
      `INSERT INTO messages (room, ${MESSAGE_COLUMNS}, stream, seq, born_at) SELECT ${"?, ".repeat(15)}?
        WHERE NOT EXISTS (SELECT 1 FROM messages WHERE guid = ?2)`,
    ),
    addReception: db.prepare(
      `INSERT OR IGNORE INTO receptions (message, board, heard_at, rssi, snr, hops)
        SELECT id, ?, ?, ?, ?, ? FROM messages WHERE guid = ?`,
    ),
    pruneMessages: db.prepare(
      "DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE room = ? ORDER BY timestamp, guid LIMIT ?)",
    ),
    cursors: db.prepare(
      "SELECT name AS room, boot_id AS bootId, key_check AS keyCheck, seq FROM " +
        "(SELECT * FROM cursors WHERE board = ?) AS c JOIN (SELECT id, name FROM rooms) AS r ON r.id = c.room",
    ),
    setCursor: db.prepare(
      "INSERT OR REPLACE INTO cursors (board, room, boot_id, key_check, seq) VALUES (?, ?, ?, ?, ?)",
    ),
    addToOutbox: db.prepare("INSERT INTO outbox (room, guid, payload) VALUES (?, ?, ?)"),
    outbox: db.prepare(
      "SELECT outbox.id, name AS room, guid, payload FROM outbox JOIN rooms ON rooms.id = room ORDER BY outbox.id LIMIT ?",
    ),
    outboxCount: db.prepare("SELECT count(*) AS n FROM outbox"),
    dropOutbox: db.prepare("DELETE FROM outbox WHERE id = (SELECT min(id) FROM outbox)"),
    dropOutboxOf: db.prepare("DELETE FROM outbox WHERE room = ?"),
    removeFromOutbox: db.prepare("DELETE FROM outbox WHERE id = ?"),
  };
}
