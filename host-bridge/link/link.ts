import * as wire from "../../protocol/link.ts";
import { PRIORITY_FLOOD, TYPE_GRP_TXT } from "../../protocol/packet.ts";
import { utf8Decode, utf8Encode } from "../../protocol/utf8.ts";
import { follow, onNotStored, onRoomMessage, onStored, resume } from "./rings.ts";
import {
  type Ask,
  type BoardIdentity,
  copyLink,
  type Effect,
  type Emit,
  type FromBoard,
  type HelloValue,
  type Instant,
  type LinkEvent,
  type LinkState,
  log,
  type Outstanding,
  type Post,
  type StatusValue,
  send,
  TIMES,
  type ToBoard,
  type WantedRoom,
} from "./state.ts";

const MAX_TRIES = 4;
/** Posts that a board holds at a time: the rest wait in the store, where nothing is lost, and keep their order. */
const MAX_TAKEN = 4;
/** More than the rounding of two uptimes and the jitter of a serial line. */
const UPTIME_SLACK_S = 1.5;
/** After that long without us a board stops streaming; we poll when it has aged by a third of that. */
const HOST_GONE_S = 30;
const POLL_AGE_S = 10;
const MIN_POLL_MS = 100;

/**
 * The host's end of the link (docs/link.md). One event in, the next state and what to do out; the state that went in is
 * not changed.
 *
 *            opened            BoardHello           Status
 *   closed ---------> greeting ----------> listing ---------> up
 *      ^                |  ^                  |               |
 *      | no answer      |  '----- no answer, or rebooted -----'
 *      '----------------'
 *                   BoardHello of another version -> refused
 */
export function step(state: LinkState, event: LinkEvent, now: Instant): [LinkState, Effect[]] {
  const next = copyLink(state);
  const effects: Effect[] = [];
  const emit: Emit = (effect) => void effects.push(effect);
  onEvent(next, event, now, emit);
  onTime(next, now, emit);
  return [next, effects];
}

/** The moment (as Instant.ms) at which a `tick` is needed, Infinity when none is. */
export function nextWakeMs(s: LinkState): number {
  if (s.phase === "greeting") return Math.min(s.helloAt, s.since + TIMES.giveUp);
  if (s.phase !== "up" && s.phase !== "listing") return Number.POSITIVE_INFINITY;
  if (s.phase === "listing") return s.request?.deadline ?? Number.POSITIVE_INFINITY;
  const due = [s.timeAt, s.request === null ? s.pollAt : s.request.deadline];
  if (s.request === null && s.posts.length > 0 && s.taken.size < MAX_TAKEN) due.push(s.postsAt);
  for (const ring of s.rings.values()) due.push(ring.resumeAt);
  for (const { since } of s.taken.values()) due.push(since + TIMES.sent);
  return Math.min(...due);
}

/** How many more posts the link takes now. */
export function postSpace(s: LinkState): number {
  if (s.phase !== "up") return 0;
  return Math.max(0, MAX_TAKEN - s.posts.length - s.taken.size - (s.request?.ask.kind === "post" ? 1 : 0));
}

function onEvent(s: LinkState, event: LinkEvent, now: Instant, emit: Emit): void {
  switch (event.type) {
    case "opened":
      greet(s, now);
      return;
    case "closed":
      enter(s, "closed", now);
      return;
    case "foreign":
      refuse(s, event.version, event.minVersion, now, emit);
      return;
    case "message":
      if (s.phase !== "closed" && s.phase !== "refused") onMessage(s, event.message, now, emit);
      return;
    case "stored":
      onStored(s, event, emit);
      return;
    case "notStored":
      onNotStored(s, event.room, now);
      return;
    case "post":
      s.posts.push(event.post);
      return;
    case "rooms":
      onRooms(s, event.rooms, event.removed, now, emit);
      return;
    case "tick":
      return;
  }
}

function onMessage(s: LinkState, message: FromBoard, now: Instant, emit: Emit): void {
  switch (message.name) {
    case "BoardHello":
      onHello(s, message.value, now, emit);
      return;
    case "RoomState": {
      const { room: handle, keyCheck, max, nextSeq } = message.value;
      s.held.set(handle, { name: utf8Decode(message.value.name), keyCheck, max, nextSeq });
      if (s.phase === "up") follow(s, handle, now, emit);
      return;
    }
    case "RoomMessage":
      onRoomMessage(s, message.value, now, emit);
      return;
    case "Result":
      onResult(s, message.value.req, message.value.code, now, emit);
      return;
    case "Status":
      onStatus(s, message.value, now, emit);
      return;
    case "Heard":
      emit({ type: "heard", packet: message.value });
      return;
    case "CheckAdvert":
      emit({ type: "checkAdvert", question: message.value });
      return;
    case "WantAdverts":
      // An advert of a wrong time would shut out all later ones.
      if (now.unixS > 0) emit({ type: "signAdverts", wish: message.value, unixS: now.unixS });
      return;
    case "Sent":
      onSent(s, message.value.req, message.value.ok !== 0, now, emit);
      return;
  }
}

function onHello(s: LinkState, hello: HelloValue, now: Instant, emit: Emit) {
  if (hello.minVersion > wire.LINK_VERSION || hello.version < wire.LINK_MIN_VERSION) {
    refuse(s, hello.version, hello.minVersion, now, emit);
    return;
  }
  if (s.phase !== "greeting" && hello.bootId !== s.identity?.bootId) {
    emit(log("warn", "has started again"));
    greet(s, now);
    return;
  }
  s.uptime = { boardS: hello.uptimeS, atMs: now.ms };
  s.polled = s.uptime;
  if (s.phase === "greeting") {
    s.identity = toIdentity(hello);
    enter(s, "listing", now);
    ask(s, { kind: "status" }, now, emit);
  } else {
    // The second answer to a repeated Hello, or one to a question of onStatus. A Hello ends what the board streams.
    for (const ring of s.rings.values()) ring.resumeAt = now.ms;
  }
}

/** Everything that the board holds is known: push what differs, and stream what does not. */
function goUp(s: LinkState, status: StatusValue, now: Instant, emit: Emit): void {
  enter(s, "up", now);
  s.linkErrors = status.linkErrors;
  s.timeAt = now.ms;
  s.postsAt = now.ms;
  s.healAt = now.ms + TIMES.heal;
  s.todo = [{ kind: "radio" }, ...roomsToPush(s)];
  if (s.identity !== null) emit({ type: "up", identity: s.identity });
  for (const [handle, { name }] of s.held) {
    if (s.wish.rooms.some((room) => room.name === name)) follow(s, handle, now, emit);
    else if (!s.wish.removed?.includes(name))
      emit(log("info", `holds a room "${name}" that is not configured here; it is left alone`));
  }
}

/** Rooms that the board is to forget, to take, or to hold otherwise; first those that make space. */
function roomsToPush(s: LinkState): Ask[] {
  const held = [...s.held.values()];
  const asks: Ask[] = [];
  for (const name of s.wish.removed ?? []) {
    if (held.some((room) => room.name === name)) asks.push({ kind: "remove", name });
  }
  for (const room of s.wish.rooms) {
    const has = held.find(({ name }) => name === room.name);
    if (has?.keyCheck !== room.keyCheck || has.max !== room.max) asks.push({ kind: "room", room });
  }
  return asks;
}

function onRooms(
  s: LinkState,
  rooms: readonly WantedRoom[],
  removed: readonly string[],
  now: Instant,
  emit: Emit,
): void {
  s.wish = { ...s.wish, rooms, removed };
  if (s.phase !== "up") return;
  s.unheld.clear();
  s.todo = [...s.todo.filter(({ kind }) => kind === "radio"), ...roomsToPush(s)];
  // A room with a new key is streamed again when the board has said that it has taken it.
  for (const handle of s.held.keys()) follow(s, handle, now, emit);
}

function onStatus(s: LinkState, status: StatusValue, now: Instant, emit: Emit): void {
  if (s.request?.ask.kind !== "status" || s.request.req !== status.req) return;
  s.request = null;
  const aged = status.uptimeS - s.polled.boardS;
  // A simulated board may live many times faster than we do. It must hear of us before it takes us for gone.
  const agedOnceMs = aged > 0 ? (POLL_AGE_S / aged) * (now.ms - s.polled.atMs) : TIMES.poll;
  s.pollAt = now.ms + Math.min(TIMES.poll, Math.max(agedOnceMs, MIN_POLL_MS));
  s.polled = { boardS: status.uptimeS, atMs: now.ms };
  emit({ type: "status", status });
  if (s.phase === "listing") {
    goUp(s, status, now, emit);
    return;
  }
  if (status.linkErrors > s.linkErrors || aged >= HOST_GONE_S) {
    // Something of ours did not arrive, perhaps a Resume; or the board has stopped to stream.
    for (const ring of s.rings.values()) ring.resumeAt = now.ms;
  }
  s.linkErrors = status.linkErrors;
  const expectedS = s.uptime.boardS + (now.ms - s.uptime.atMs) / 1000;
  // Only BoardHello tells one boot from another. Clocks drift, so this comes in vain about once a day.
  if (status.uptimeS < expectedS - UPTIME_SLACK_S) emit(hello(s, now));
  const streamed = new Set([...s.rings.values()].map((ring) => ring.room.name));
  const missing = s.wish.rooms.find(({ name }) => !streamed.has(name) && !s.unheld.has(name));
  if (missing !== undefined && s.todo.length === 0 && now.ms >= s.healAt) {
    emit(log("debug", `has not said that it holds "${missing.name}"; asking again`));
    greet(s, now);
  }
}

function onResult(s: LinkState, req: number, code: number, now: Instant, emit: Emit): void {
  const request = s.request;
  // A late answer to a request that was given up means nothing any more.
  if (request === null || request.req !== req || request.ask.kind === "status") return;
  s.request = null;
  switch (request.ask.kind) {
    case "radio":
      if (code !== wire.RESULT_OK)
        emit(log("warn", `does not take these radio settings (code ${code}); check "radio"`));
      return;
    case "room": {
      if (code === wire.RESULT_OK) return;
      const { name } = request.ask.room;
      s.unheld.add(name);
      const why = code === wire.RESULT_FULL ? "it has no space for another room" : `code ${code}`;
      emit(log("warn", `does not take the room "${name}": ${why}`));
      return;
    }
    case "remove": {
      const { name } = request.ask;
      if (code !== wire.RESULT_OK) {
        emit(log("warn", `does not forget the room "${name}" (code ${code})`));
        return;
      }
      for (const [handle, room] of s.held) if (room.name === name) s.held.delete(handle);
      return;
    }
    case "post":
      onPostResult(s, request, request.ask.post, code, now, emit);
      return;
  }
}

function onPostResult(
  s: LinkState,
  { req, tries }: Outstanding,
  post: Post,
  code: number,
  now: Instant,
  emit: Emit,
): void {
  if (code === wire.RESULT_OK) {
    s.taken.set(req, { post: { ...post, isAsked: true }, since: now.ms });
  } else if (code === wire.RESULT_DUPLICATE) {
    // It was on air already: sent before the host was killed, or heard from another board.
    emit({ type: "aired", id: post.id, isKnown: tries === 1 && !post.isAsked });
  } else if (code === wire.RESULT_BAD_REQUEST) {
    emit({ type: "unsendable", id: post.id, why: "the board calls it malformed" });
  } else {
    s.posts.unshift(post);
    s.postsAt = now.ms + (code === wire.RESULT_FULL ? TIMES.full : TIMES.notHere);
  }
}

function onSent(s: LinkState, req: number, ok: boolean, now: Instant, emit: Emit): void {
  let post = s.taken.get(req)?.post;
  s.taken.delete(req);
  if (post === undefined && s.request?.ask.kind === "post" && s.request.req === req) {
    // Its Result was lost.
    post = s.request.ask.post;
    s.request = null;
  }
  if (post === undefined) return;
  if (ok) {
    emit({ type: "aired", id: post.id });
    return;
  }
  s.posts.unshift(post);
  s.postsAt = now.ms + TIMES.full;
}

/** What time itself brings about; after every event. */
function onTime(s: LinkState, now: Instant, emit: Emit): void {
  if (s.phase === "greeting") {
    onGreetingTime(s, now, emit);
    return;
  }
  if (s.phase !== "listing" && s.phase !== "up") return;
  if (s.request !== null && now.ms >= s.request.deadline) {
    if (s.request.tries >= MAX_TRIES) {
      emit(log("debug", "does not answer; saying hello again"));
      greet(s, now);
      onGreetingTime(s, now, emit);
      return;
    }
    s.request.tries++;
    s.request.deadline = now.ms + TIMES.answer;
    emit(send(toMessage(s, s.request.ask, s.request.req)));
  }
  if (s.phase !== "up") return;
  if (now.ms >= s.timeAt) {
    s.timeAt = now.ms + TIMES.time;
    if (now.unixS > 0) emit(send({ name: "SetTime", value: { unixTime: now.unixS } }));
  }
  for (const [handle, ring] of s.rings) if (now.ms >= ring.resumeAt) resume(handle, ring, now, emit);
  for (const [req, { post, since }] of s.taken) {
    if (now.ms - since < TIMES.sent) continue;
    s.taken.delete(req);
    s.posts.unshift(post);
  }
  if (s.request !== null) return;
  const setting = s.todo.shift();
  if (setting !== undefined) ask(s, setting, now, emit);
  else if (now.ms >= s.pollAt) ask(s, { kind: "status" }, now, emit);
  else if (now.ms >= s.postsAt && s.taken.size < MAX_TAKEN) {
    const post = s.posts.shift();
    if (post === undefined) return;
    if (now.ms < (post.untilMs ?? Number.POSITIVE_INFINITY)) ask(s, { kind: "post", post }, now, emit);
    else emit({ type: "unsendable", id: post.id, why: "it is too old by now" });
  }
}

function onGreetingTime(s: LinkState, now: Instant, emit: Emit): void {
  if (now.ms - s.since >= TIMES.giveUp) {
    enter(s, "closed", now);
    emit({ type: "giveUp", reason: "it does not answer", hint: null });
    return;
  }
  if (now.ms < s.helloAt) return;
  s.helloAt = now.ms + TIMES.hello;
  emit(hello(s, now));
}

function hello(s: LinkState, now: Instant): Effect {
  const wants = s.wish.wantsHeard ? wire.WANTS_HEARD : 0;
  const { LINK_VERSION: version, LINK_MIN_VERSION: minVersion } = wire;
  return send({ name: "Hello", value: { version, minVersion, unixTime: now.unixS, wants } });
}

/** Begins the conversation anew. Posts that the board may or may not have sent are offered again; it knows its own. */
function greet(s: LinkState, now: Instant): void {
  const asked = s.request?.ask;
  const again = [...s.taken.values()].map(({ post }) => post);
  if (asked?.kind === "post") again.push({ ...asked.post, isAsked: true });
  s.posts = [...again, ...s.posts].sort((a, b) => a.id - b.id);
  s.taken.clear();
  s.request = null;
  s.todo = [];
  s.held.clear();
  s.rings.clear();
  s.unheld.clear();
  s.helloAt = now.ms;
  enter(s, "greeting", now);
}

function refuse(s: LinkState, version: number, minVersion: number, now: Instant, emit: Emit): void {
  if (s.phase === "closed" || s.phase === "refused") return;
  enter(s, "refused", now);
  const theirs = minVersion === version ? `${version}` : `${minVersion} to ${version}`;
  const old = version < wire.LINK_MIN_VERSION;
  emit({
    type: "giveUp",
    reason: `it speaks link version ${theirs}, this host ${wire.LINK_MIN_VERSION} to ${wire.LINK_VERSION}`,
    hint: old
      ? "flash the board with this version's bundle (./flash.sh --board ID --port DEV)"
      : "update meshcore-room",
  });
}

function enter(s: LinkState, phase: LinkState["phase"], now: Instant): void {
  s.phase = phase;
  s.since = now.ms;
}

function ask(s: LinkState, what: Ask, now: Instant, emit: Emit): void {
  // 0 means nobody on the board's side, and a number in use would mix up two posts.
  do s.lastReq = (s.lastReq + 1) & 0xffff;
  while (s.lastReq === 0 || s.taken.has(s.lastReq));
  s.request = { req: s.lastReq, ask: what, tries: 1, deadline: now.ms + TIMES.answer };
  emit(send(toMessage(s, what, s.lastReq)));
}

function toMessage(s: LinkState, what: Ask, req: number): ToBoard {
  switch (what.kind) {
    case "status":
      return { name: "GetStatus", value: { req } };
    case "radio":
      return { name: "SetRadio", value: { req, ...s.wish.radio } };
    case "room": {
      const { name, key, max } = what.room;
      const padded = new Uint8Array(32);
      padded.set(key);
      return { name: "SetRoom", value: { req, max, keyLen: key.length, key: padded, name: utf8Encode(name) } };
    }
    case "remove":
      return { name: "RemoveRoom", value: { req, name: utf8Encode(what.name) } };
    case "post": {
      const { payload, priority = PRIORITY_FLOOD } = what.post;
      return { name: "Send", value: { req, priority, payloadType: TYPE_GRP_TXT, payload } };
    }
  }
}

function toIdentity(hello: HelloValue): BoardIdentity {
  const [model = "", engine = "", firmware = "", nodeName = ""] = utf8Decode(hello.text).split("\0");
  const sha256 = Buffer.from(hello.sha256).toString("hex");
  return { model, engine, firmware, nodeName, bootId: hello.bootId, sha256 };
}
