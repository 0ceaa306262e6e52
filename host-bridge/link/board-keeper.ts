import { bytesToHex } from "../../protocol/bytes.ts";
import type { BytePort } from "../../simulator/byte-port.ts";
import { believableUnixS } from "../clock.ts";
import { describe, RoomError } from "../errors.ts";
import type { Room } from "../room/rooms.ts";
import { type BoardKey, isRealAdvert } from "./board-key.ts";
import { BoardLink, type LinkHooks } from "./board-link.ts";
import type { BoardRadio, BoardStatus, BoardsParts, ConsoleSeat, Keeper, PostDesk, RadioFaults } from "./keeper.ts";
import { PortKeeper } from "./port-keeper.ts";
import type { PortSource } from "./ports.ts";
import {
  type BoardIdentity,
  type LinkWish,
  newLink,
  type RingCursor,
  type StatusValue,
  type WantedRoom,
} from "./state.ts";

const MAX_RING = 0xffff;
/** A thousandth of an hour. */
const PERMILLE_MS = 3600;

/** A board with our firmware. */
export class BoardKeeper implements Keeper {
  readonly id: string;
  readonly radio: BoardRadio;
  private readonly source: PortSource;
  private readonly parts: BoardsParts;
  private readonly desk: PostDesk;
  private readonly port: PortKeeper;
  private wish: LinkWish;
  private link: BoardLink | null = null;
  private key: BoardKey | null = null;
  private keyError = "";
  private ownKey: string | null = null;
  private identity: BoardIdentity | null = null;
  private last: { status: StatusValue; offsetS: number | null } | null = null;
  /** Since this boot all rooms were followed from their beginning on. */
  private lastBoot: number | null = null;
  private badFrames = 0;
  private missed = 0;

  constructor(source: PortSource, radio: BoardRadio, parts: BoardsParts, desk: PostDesk) {
    this.id = source.id;
    this.radio = radio;
    this.source = source;
    this.parts = parts;
    this.desk = desk;
    this.wish = { board: source.id, rooms: parts.rooms.list.map(wanted), radio, wantsHeard: true };
    const user = { begin: this.begin.bind(this), lost: this.lost.bind(this) };
    this.port = new PortKeeper(source, user, parts);
  }

  start(): () => Promise<void> {
    const stop = this.port.start();
    return async () => {
      await stop();
      this.link = null;
    };
  }

  isUp(): boolean {
    return this.link?.isUp() ?? false;
  }

  publicKey(): string | null {
    // Before its first advert a board whose key is here does not know it itself.
    return this.ownKey ?? (this.key === null ? null : bytesToHex(this.key.publicKey));
  }

  queue(): number {
    return this.last?.status.txQueue ?? 0;
  }

  airLeftMs(): number {
    // What the board says is rounded to a thousandth of the hour.
    const spentPermille = (this.last?.status.airPermille ?? 0) + 0.5;
    return Math.max(0, this.radio.dutyPermille - spentPermille) * PERMILLE_MS;
  }

  offer(): void {
    this.link?.offer();
  }

  setRooms(rooms: readonly Room[], removed: readonly string[]): void {
    const isBack = new Set(rooms.map(({ name }) => name));
    const gone = new Set([...(this.wish.removed ?? []), ...removed].filter((name) => !isBack.has(name)));
    this.wish = { ...this.wish, rooms: rooms.map(wanted), removed: [...gone] };
    this.lastBoot = null;
    this.link?.setRooms(this.wish.rooms, [...gone]);
  }

  status(): BoardStatus {
    const { identity } = this;
    const last = this.last?.status ?? null;
    return {
      id: this.id,
      type: this.source.type,
      model: identity?.model ?? this.source.model,
      engine: identity?.engine ?? "",
      firmware: identity?.firmware ?? "",
      sha256: identity?.sha256 ?? "",
      port: this.source.place(),
      connected: this.isUp(),
      rx_packets: last?.rx ?? null,
      tx_packets: last?.tx ?? null,
      airtime_percent: last === null ? null : last.airPermille / 10,
      noise_floor_dbm: last?.noiseFloor ?? null,
      tx_queue: last?.txQueue ?? null,
      uptime_s: last?.uptimeS ?? null,
      memory_free_percent:
        last === null || last.memTotal === 0 ? null : Math.round((100 * last.memFree) / last.memTotal),
      clock_offset_s: this.last?.offsetS ?? null,
      faults: {
        crc_errors: last?.crcErrors ?? null,
        header_errors: last?.headerErrors ?? null,
        malformed: last?.malformed ?? null,
        mac_failures: last?.macFailures ?? null,
        tx_dropped: last?.txDropped ?? null,
        radio_recoveries: last?.recoveries ?? null,
        radio: last === null ? null : radioFaults(last),
      },
      link_errors: this.badFrames + (this.link?.linkErrors() ?? 0) + (last?.linkErrors ?? 0),
      disconnects: this.port.disconnects,
      missed: this.missed,
      error: this.port.error,
    };
  }

  console(onText: (text: string) => void, onEnd: () => void): ConsoleSeat {
    const { link } = this;
    if (link === null || !link.isUp()) {
      throw new RoomError("board_missing", `board "${this.id}" is not connected: ${this.port.error}`);
    }
    return link.console(onText, onEnd);
  }

  private begin(port: BytePort, ended: LinkHooks["ended"]): BoardLink {
    const cursors = new Map<string, RingCursor>();
    for (const { room, ...cursor } of this.parts.store.cursors(this.id)) cursors.set(room, cursor);
    const state = newLink(this.wish, cursors, this.parts.random16(), this.lastBoot);
    this.link = new BoardLink(port, state, this.hooks(ended), this.parts.clock);
    return this.link;
  }

  private lost(): void {
    this.badFrames += this.link?.linkErrors() ?? 0;
    this.link = null;
    this.desk.lost();
  }

  private hooks(ended: LinkHooks["ended"]): LinkHooks {
    const { rooms, events, log, clock } = this.parts;
    const board = this.id;
    return {
      ...this.desk,
      store: (room, bootId, keyCheck, { seq, flags, pathLen, rssi, snr, payload }, settle) => {
        // The room was removed while this message was on its way.
        if (rooms.get(room) === undefined) {
          settle(null);
          return;
        }
        const place = { board, room, bootId, keyCheck, seq, payload };
        // MeshCore's path byte: the low 6 bits count the repeaters. The radio tells SNR in quarters of a dB.
        rooms.ingest({ ...place, own: (flags & 1) !== 0, hops: pathLen & 63, rssi, snr: snr / 4 }, settle);
      },
      up: (identity) => {
        const { model, engine, firmware } = identity;
        this.identity = identity;
        this.lastBoot = identity.bootId;
        this.source.met?.(`${model}/${identity.nodeName}`);
        this.port.connected(`${model}, ${engine}, firmware ${firmware}`);
      },
      status: (status) => {
        const unixS = believableUnixS(clock);
        const offsetS = unixS === 0 || status.unixTime === 0 ? null : status.unixTime - unixS;
        this.last = { status, offsetS };
      },
      publicKey: (hex) => {
        this.ownKey = hex;
      },
      heard: ({ rssi, snr, packet }) => events.emit("heard", { board, rssi, snr: snr / 4, packet }),
      isRealAdvert,
      signAdvert: (timestamp, appData) => {
        try {
          this.key ??= this.parts.boardKey(board);
          return this.key.advert(timestamp, appData);
        } catch (error) {
          const text = error instanceof RoomError ? describe(error) : String(error);
          // Asked for again and again.
          if (text !== this.keyError) log.error(`Board "${board}" has no adverts: ${text}`);
          this.keyError = text;
          return null;
        }
      },
      missed: (room, count) => {
        this.missed += count;
        log.warn(`${count} messages of "${room}" are lost: the board's memory was full before this host came`, {
          board,
        });
      },
      log: (level, text) => log[level](`Board "${board}" ${text}`),
      ended,
    };
  }
}

function radioFaults(status: StatusValue): RadioFaults {
  return {
    busy_stuck: status.busyStuck,
    edges_missed: status.edgesMissed,
    tx_endless: status.txEndless,
    mode_left: status.modeLeft,
    chip_silent: status.chipSilent,
    cad_endless: status.cadEndless,
    deaf: status.deaf,
    not_taken: status.notTaken,
  };
}

/** A room as the board shall hold it. */
function wanted({ name, key, keyCheck, maxHistory }: Room): WantedRoom {
  return { name, key, keyCheck, max: Math.min(maxHistory, MAX_RING) };
}
