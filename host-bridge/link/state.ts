import type { RadioSettings } from "../../protocol/airtime.ts";
import type { MessageValue } from "../../protocol/codec.ts";
import type * as wire from "../../protocol/link.ts";

/** A moment, as an argument: monotonic milliseconds, and Unix seconds (0 = the host's own clock is not set). */
export interface Instant {
  ms: number;
  unixS: number;
}

/** A message's value by its table. protocol/ is compiled without SharedArrayBuffer, and its bytes are narrower than ours. */
type Fields<M> = {
  [K in keyof MessageValue<M>]: MessageValue<M>[K] extends Uint8Array ? Uint8Array : MessageValue<M>[K];
};
type Named<N extends string, M> = { name: N; value: Fields<M> };

export type ToBoard =
  | Named<"Hello", typeof wire.Hello>
  | Named<"SetRoom", typeof wire.SetRoom>
  | Named<"RemoveRoom", typeof wire.RemoveRoom>
  | Named<"SetRadio", typeof wire.SetRadio>
  | Named<"SetTime", typeof wire.SetTime>
  | Named<"Resume", typeof wire.Resume>
  | Named<"Ack", typeof wire.Ack>
  | Named<"Send", typeof wire.Send>
  | Named<"GetStatus", typeof wire.GetStatus>
  | Named<"Verdict", typeof wire.Verdict>
  | Named<"StockAdvert", typeof wire.StockAdvert>;

export type FromBoard =
  | Named<"BoardHello", typeof wire.BoardHello>
  | Named<"RoomState", typeof wire.RoomState>
  | Named<"RoomMessage", typeof wire.RoomMessage>
  | Named<"Result", typeof wire.Result>
  | Named<"Status", typeof wire.Status>
  | Named<"Heard", typeof wire.Heard>
  | Named<"Sent", typeof wire.Sent>
  | Named<"CheckAdvert", typeof wire.CheckAdvert>
  | Named<"WantAdverts", typeof wire.WantAdverts>;

export type StatusValue = Fields<typeof wire.Status>;
export type RingMessage = Fields<typeof wire.RoomMessage>;
export type HeardValue = Fields<typeof wire.Heard>;
export type AdvertQuestion = Fields<typeof wire.CheckAdvert>;
export type AdvertWish = Fields<typeof wire.WantAdverts>;
export type HelloValue = Fields<typeof wire.BoardHello>;

/** A room as the board shall hold it. */
export interface WantedRoom {
  name: string;
  key: Uint8Array;
  keyCheck: number;
  max: number;
}

/** What the host wants of a board; only the rooms change during a conversation. */
export interface LinkWish {
  /** The configured id of the board. */
  board: string;
  rooms: readonly WantedRoom[];
  /** Rooms that this host had and has no more: the board shall forget them. Others that it holds are left alone. */
  removed?: readonly string[];
  radio: RadioSettings & { dutyPermille: number };
  wantsHeard: boolean;
}

/** Who answered, from BoardHello. */
export interface BoardIdentity {
  model: string;
  engine: string;
  firmware: string;
  nodeName: string;
  bootId: number;
  /** Of the bundle that runs, 64 hex digits. */
  sha256: string;
}

/** How far a ring is in the store. A ring is one boot of the board and one key of the room. */
export interface RingCursor {
  bootId: number;
  keyCheck: number;
  seq: number;
}

/** A room that the board says it holds. */
export interface HeldRoom {
  name: string;
  keyCheck: number;
  max: number;
  nextSeq: number;
}

/** A room that the board holds and we want, by its handle. */
export interface Ring {
  room: WantedRoom;
  /** Last message taken from the link, and last one in the store. */
  received: number;
  committed: number;
  /** The host knows what came before `received`: a gap from there on is a loss. */
  known: boolean;
  /** When Resume went out last, and when it goes out again unless a message comes. */
  resumedAt: number;
  resumeAt: number;
}

/** Posts that are not in the outbox: messages of other servers. */
export const FIRST_FOREIGN = 2 ** 48;

export interface Post {
  /** The store's outbox id, or a number from FIRST_FOREIGN on. */
  id: number;
  payload: Uint8Array;
  /** As MeshCore's: 1, a flood, where nothing is said; more is less urgent. */
  priority?: number;
  /** The board may have it from an earlier time. */
  isAsked?: boolean;
  /** From this moment on (Instant.ms) it is not to be sent any more. */
  untilMs?: number;
}

/** A request that is or will be made; the board answers each with Result or Status. */
export type Ask =
  | { kind: "room"; room: WantedRoom }
  | { kind: "remove"; name: string }
  | { kind: "radio" }
  | { kind: "post"; post: Post }
  | { kind: "status" };

export interface Outstanding {
  req: number;
  ask: Ask;
  tries: number;
  deadline: number;
}

/**
 * closed     the port is not open, or was given up
 * greeting   Hello is out, again and again
 * listing    BoardHello is here, its RoomStates are coming; a Status behind them ends the list
 * up         rooms stream, requests and posts go out
 * refused    the board speaks another link version
 */
export type Phase = "closed" | "greeting" | "listing" | "up" | "refused";

export interface LinkState {
  wish: LinkWish;
  /** The boot that the conversation before this one ended in: its rings were followed from their first message on. */
  lastBoot: number | null;
  phase: Phase;
  /** When the present phase began. */
  since: number;
  identity: BoardIdentity | null;
  /** By handle: every room that the board says it holds, and those of them that are streamed. */
  held: Map<number, HeldRoom>;
  rings: Map<number, Ring>;
  /** Names of the rooms that the board would not take. */
  unheld: Set<string>;
  /** By room name. */
  cursors: Map<string, RingCursor>;
  request: Outstanding | null;
  lastReq: number;
  /** Settings still to be pushed. */
  todo: Ask[];
  /** Posts that the board has not taken, and by request number those that it has taken and not yet sent. */
  posts: Post[];
  taken: Map<number, { post: Post; since: number }>;
  /** Where the board's clock stood at some moment of ours: an uptime behind that means that it has started again. */
  uptime: { boardS: number; atMs: number };
  /** The same at the last Status. */
  polled: { boardS: number; atMs: number };
  linkErrors: number;
  /** When each of these is next due. */
  helloAt: number;
  pollAt: number;
  timeAt: number;
  postsAt: number;
  healAt: number;
}

export type LinkEvent =
  | { type: "opened" }
  | { type: "closed" }
  | { type: "message"; message: FromBoard }
  /** A BoardHello that this version cannot read further than its first two bytes. */
  | { type: "foreign"; version: number; minVersion: number }
  | ({ type: "stored"; room: string } & RingCursor)
  | { type: "notStored"; room: string }
  | { type: "post"; post: Post }
  /** The rooms of this host are others now; `removed` are all that it had and has no more. */
  | { type: "rooms"; rooms: readonly WantedRoom[]; removed: readonly string[] }
  | { type: "tick" };

export type Effect =
  | { type: "send"; message: ToBoard }
  /** Make it durable, then say `stored` or `notStored`. */
  | { type: "store"; room: string; bootId: number; keyCheck: number; message: RingMessage }
  | { type: "up"; identity: BoardIdentity }
  | { type: "status"; status: StatusValue }
  | { type: "heard"; packet: HeardValue }
  /** The board cannot do this itself: say whether the advert is real; sign adverts for the time from `unixS` on. */
  | { type: "checkAdvert"; question: AdvertQuestion }
  | { type: "signAdverts"; wish: AdvertWish; unixS: number }
  /** The post is on air, or can never be. `isKnown`: the board knew it before it was asked. */
  | { type: "aired"; id: number; isKnown?: boolean }
  | { type: "unsendable"; id: number; why: string }
  /** The ring dropped messages before the host could have them. */
  | { type: "missed"; room: string; count: number }
  | { type: "log"; level: "debug" | "info" | "warn"; text: string }
  /** Close the port; `hint` is there when only a person can help. */
  | { type: "giveUp"; reason: string; hint: string | null };

/** `firstReq` is random, so that answers to an earlier host are not taken for answers to this one. */
export function newLink(
  wish: LinkWish,
  cursors: ReadonlyMap<string, RingCursor>,
  firstReq: number,
  lastBoot: number | null = null,
): LinkState {
  return {
    wish,
    lastBoot,
    phase: "closed",
    since: 0,
    identity: null,
    held: new Map(),
    rings: new Map(),
    unheld: new Set(),
    cursors: new Map(cursors),
    request: null,
    lastReq: firstReq & 0xffff,
    todo: [],
    posts: [],
    taken: new Map(),
    uptime: { boardS: 0, atMs: 0 },
    polled: { boardS: 0, atMs: 0 },
    linkErrors: 0,
    helloAt: 0,
    pollAt: 0,
    timeAt: 0,
    postsAt: 0,
    healAt: 0,
  };
}

/** A copy that may be changed without the original showing it. */
export function copyLink(state: LinkState): LinkState {
  return {
    ...state,
    held: new Map(state.held),
    rings: new Map([...state.rings].map(([handle, ring]) => [handle, { ...ring }])),
    unheld: new Set(state.unheld),
    cursors: new Map(state.cursors),
    todo: [...state.todo],
    posts: [...state.posts],
    taken: new Map(state.taken),
  };
}

/** Timeouts of the host's end, in ms. */
export const TIMES = {
  hello: 2000,
  /** A board with a bootloader and an engine in front of the bundle takes a few seconds to answer after a reset. */
  giveUp: 20_000,
  answer: 2000,
  poll: 5000,
  time: 600_000,
  /** Between two Resumes because of the same gap. */
  gap: 1000,
  /** Resume is not answered, so it is repeated where nothing comes: a lost one would leave its room silent. */
  idle: 60_000,
  storeRetry: 5000,
  full: 2000,
  notHere: 30_000,
  /** A Sent that was lost on the way; asking again is answered with "duplicate". */
  sent: 120_000,
  heal: 30_000,
} as const;

/** The effect of sending one message. */
export function send(message: ToBoard): Effect {
  return { type: "send", message };
}

export function log(level: "debug" | "info" | "warn", text: string): Effect {
  return { type: "log", level, text };
}

/** Takes the effects of one step. */
export type Emit = (effect: Effect) => void;
