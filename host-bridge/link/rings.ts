// The part of the link's state machine that streams rings: every message once, in order, into the store (link.ts).
import * as wire from "../../protocol/link.ts";
import {
  type Emit,
  type Instant,
  type LinkEvent,
  type LinkState,
  type Ring,
  type RingMessage,
  send,
  TIMES,
} from "./state.ts";

/** Streams the ring of a room that we want, from the first message that the store lacks. */
export function follow(s: LinkState, handle: number, now: Instant, emit: Emit): void {
  const held = s.held.get(handle);
  const room = s.wish.rooms.find(({ name }) => name === held?.name);
  if (held === undefined || room === undefined || held.keyCheck !== room.keyCheck) {
    s.rings.delete(handle);
    return;
  }
  const old = s.rings.get(handle);
  if (old?.room.name === room.name && old.room.keyCheck === room.keyCheck && held.nextSeq > old.received) {
    old.room = room;
    return;
  }
  const cursor = s.cursors.get(room.name);
  const known =
    cursor !== undefined &&
    cursor.bootId === s.identity?.bootId &&
    cursor.keyCheck === room.keyCheck &&
    // A cursor beyond the ring is one of a ring that was emptied meanwhile.
    cursor.seq < held.nextSeq;
  const seq = known ? cursor.seq : 0;
  // Followed before, and nothing had come yet.
  const isEmpty = cursor === undefined && s.lastBoot !== null && s.lastBoot === s.identity?.bootId;
  const ring: Ring = { room, received: seq, committed: seq, known: known || isEmpty, resumedAt: 0, resumeAt: 0 };
  s.rings.set(handle, ring);
  resume(handle, ring, now, emit);
}

export function resume(handle: number, ring: Ring, now: Instant, emit: Emit): void {
  ring.resumedAt = now.ms;
  ring.resumeAt = now.ms + TIMES.idle;
  emit(send({ name: "Resume", value: { room: handle, seq: ring.received } }));
}

export function onRoomMessage(s: LinkState, message: RingMessage, now: Instant, emit: Emit): void {
  const ring = s.rings.get(message.room);
  if (ring === undefined || s.identity === null) return;
  const { seq } = message;
  if (seq <= ring.received) {
    // Our acknowledgement was lost. What is received and not yet stored is acknowledged when it is.
    if (seq <= ring.committed) emit(send({ name: "Ack", value: { room: message.room, seq: ring.committed } }));
    return;
  }
  if (seq > ring.received + 1 && (message.flags & wire.MESSAGE_GAP) === 0) {
    // Up to three more of the board's window follow; one Resume is enough for all of them.
    if (now.ms - ring.resumedAt >= TIMES.gap) resume(message.room, ring, now, emit);
    else ring.resumeAt = ring.resumedAt + TIMES.gap;
    return;
  }
  const missed = seq - ring.received - 1;
  if (missed > 0 && ring.known) emit({ type: "missed", room: ring.room.name, count: missed });
  ring.received = seq;
  ring.known = true;
  ring.resumeAt = now.ms + TIMES.idle;
  const { name: room, keyCheck } = ring.room;
  emit({ type: "store", room, bootId: s.identity.bootId, keyCheck, message });
}

export function onStored(s: LinkState, event: LinkEvent & { type: "stored" }, emit: Emit): void {
  const { room, bootId, keyCheck, seq } = event;
  s.cursors.set(room, { bootId, keyCheck, seq });
  if (bootId !== s.identity?.bootId) return;
  for (const [handle, ring] of s.rings) {
    if (ring.room.name !== room || ring.room.keyCheck !== keyCheck || seq > ring.received) continue;
    ring.committed = Math.max(ring.committed, seq);
    emit(send({ name: "Ack", value: { room: handle, seq: ring.committed } }));
  }
}

/** The board keeps what is not acknowledged; ask for it again a little later. */
export function onNotStored(s: LinkState, room: string, now: Instant): void {
  for (const ring of s.rings.values()) {
    if (ring.room.name !== room) continue;
    ring.received = ring.committed;
    ring.resumeAt = now.ms + TIMES.storeRetry;
  }
}
