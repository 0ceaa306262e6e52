import type { RoomMessage } from "./message.ts";

/** Apps that hear no repeater repeat their message send it once more after 30 s at most. */
const WITHIN_S = 30;
const MAX_KEPT = 1000;

/**
 * Finds the same text from the air twice. Group texts have no acknowledgement in MeshCore and the firmware never repeats one,
 * but apps do ("send again", or by themselves when no repeat is heard), many with a new timestamp, because repeaters drop
 * a packet that they know. So the same sender and text within 30 s, by the sender's own clock, are one message. What a client
 * posts here has an acknowledgement and is never taken for a retry.
 */
export class Retries {
  /** Room, sender and text -> timestamp and GUID of the message that counts. */
  private readonly last = new Map<string, { timestamp: number; guid: string }>();

  /** True when the message is a repeat of one that came before; else it is remembered. */
  isRetry({ room, sender, text, timestamp, guid }: RoomMessage): boolean {
    if (sender === "") return false;
    const key = `${room}\0${sender}\0${text}`;
    const found = this.last.get(key);
    // The same packet by another board: the store knows it, and keeps both receptions.
    if (found?.guid === guid) return false;
    if (found !== undefined && Math.abs(timestamp - found.timestamp) <= WITHIN_S) return true;
    this.last.delete(key);
    this.last.set(key, { timestamp, guid });
    const oldest = this.last.keys().next().value;
    if (this.last.size > MAX_KEPT && oldest !== undefined) this.last.delete(oldest);
    return false;
  }
}
