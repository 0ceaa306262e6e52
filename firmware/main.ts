// Puts the parts of a board together and starts them. The build makes one entry for each board, which calls this.

import type { ProtocolApi } from "../protocol/api.ts";
import { KISS_FEND, KissDeframer } from "../protocol/kiss.ts";
import { KISS_RETURN } from "../protocol/kiss-modem.ts";
import { LINK_PORT } from "../protocol/link.ts";
import { Adverts } from "./adverts.ts";
import { Clock } from "./clock.ts";
import { Console } from "./console.ts";
import { newCounters } from "./counters.ts";
import { HOST_SIGNS } from "./features.ts";
import type { BoardFacts, Hal } from "./hal.ts";
import { Link } from "./link.ts";
import { Mesh } from "./mesh.ts";
import { part } from "./parts.ts";
import { defaultPrefs } from "./prefs.ts";
import { Rooms } from "./rooms.ts";
import { Settings } from "./settings.ts";
import { Store } from "./store.ts";

/** The parts of a running board, for the engine's own prompt (`repl`) and for tests. */
export interface MeshcoreRoom {
  readonly board: BoardFacts;
  readonly rooms: Rooms;
  readonly mesh: Mesh;
  readonly adverts: Adverts;
  readonly link: Link;
  readonly console: Console;
  readonly store: Store;
  protocol(): ProtocolApi;
  /** What the serial line delivers goes in here. */
  receive(text: string): void;
}

const HALF_FRAME_MS = 1000;
/** Bytes that one handler has time to look through, escapes or not; and that may wait for the next. */
const PIECE = 64;
const MOST_INCOMING = 4096;

/** Builds and starts everything on `hal`. `arena` is allocated by the caller before all else, while memory is in one piece. */
export function start(hal: Hal, arena: Uint8Array, board: BoardFacts, version: string): MeshcoreRoom {
  const clock = new Clock(hal);
  const counters = newCounters();
  const rooms = new Rooms(hal, clock, arena, counters);
  const prefs = defaultPrefs(board.id, board.radio.powerDbm, board.radio.boostedGain);
  const mesh = new Mesh(hal, board.radio, prefs, rooms, counters);
  const store = new Store(hal, board, rooms, prefs, clock);
  const adverts = new Adverts(hal, mesh, clock, store);
  const settings = new Settings(hal, mesh, store, board.id, version);
  const console = new Console(hal, board, rooms, mesh, clock, settings, adverts);
  const link = new Link(hal, rooms, mesh, clock, settings, counters, adverts);
  adverts.link = link;
  rooms.events = link;
  rooms.keeper = store;
  mesh.events = link;
  const toRaw = (type: number, body: string): void => {
    if (type === KISS_RETURN) mesh.raw = null;
    else {
      const raw =
        mesh.raw ||
        part(hal, "kissModem")(
          hal,
          mesh,
          settings,
          adverts,
          (isCrypto) => (isCrypto ? part(hal, "kissCrypto") : part(hal, "kissRequest")),
          HOST_SIGNS ? null : () => part(hal, "kissCurve"),
        );
      mesh.raw = raw;
      raw.receive(type, body);
    }
  };
  let delayed = 0;
  /** The first frame has a handler of its own, as what it goes to has to be loaded; none overtakes it. */
  const receiveRaw = (type: number, body: string): void => {
    if (mesh.raw && !delayed) toRaw(type, body);
    else {
      delayed++;
      hal.after(() => {
        delayed--;
        toRaw(type, body);
      }, 1);
    }
  };
  const deframer = new KissDeframer(
    (type, body) => {
      // In safe mode there is no room that a host could ask for, and no radio.
      if (store.isSafe) return;
      if (type >> 4 === LINK_PORT) link.receive(body);
      else receiveRaw(type, body);
    },
    (text) => console.receive(text),
  );
  let lastMs = 0;
  let incoming = "";
  /** Of what came in as much as one handler has time for: one frame at most, or a piece of one. */
  const cut = (): string => {
    let piece = incoming.substr(0, PIECE);
    const end = piece.indexOf(KISS_FEND, 1) + 1;
    if (end) piece = piece.substr(0, end);
    incoming = incoming.substr(piece.length);
    return piece;
  };
  const take = (): void => {
    const piece = cut();
    if (incoming) hal.after(take, 1);
    deframer.push(piece);
  };
  const receive = (text: string): void => {
    // A host asks again; nobody types within the first second.
    if (!store.isLoaded) return;
    const now = hal.nowMs();
    // A host that went away in the middle of a frame must not swallow what a person types next.
    const isIdle = !incoming;
    if (isIdle && now - lastMs > HALF_FRAME_MS && deframer.waiting()) deframer.drop();
    lastMs = now;
    incoming += text;
    // From whoever sends faster than that nothing more is put off.
    while (incoming.length > MOST_INCOMING) deframer.push(cut());
    if (isIdle) take();
  };
  hal.openSerial(receive);
  const run = (): void => {
    store.regions = "";
    mesh.duty.setShare(prefs.dutyPermille);
    mesh.duty.restore(store.spentMs(), hal.nowMs());
    mesh.duty.save = (spentMs) => store.spend(spentMs);
    mesh.start();
    adverts.start(store.identity);
    store.identity = "";
  };
  store.start(() => {
    if (store.isSafe) return;
    if (store.regions) hal.after(() => mesh.regionMap().restore(store.regions, run), 1);
    else run();
  });
  return {
    board,
    rooms,
    mesh,
    adverts,
    link,
    console,
    store,
    protocol: () => part(hal, "protocol")(hal.crypto),
    receive,
  };
}
