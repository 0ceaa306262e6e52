// Simulated MeshCore users in reach of the demo's boards: they chat in rooms, and now and then answer what they hear.
import { view } from "../protocol/bytes.ts";
import { type Channel, GroupCipher, makeChannel } from "../protocol/channel.ts";
import { encodeGroupText, isPlainText, joinSender, splitSender, TEXT_AT, textEnd } from "../protocol/group-text.ts";
import { encodePacket, Packet, parsePacket, ROUTE_FLOOD, TYPE_GRP_TXT } from "../protocol/packet.ts";
import { softCrypto } from "../protocol/soft-crypto.ts";
import { utf8Decode, utf8Encode } from "../protocol/utf8.ts";
import { realClock, type SimClock } from "./clock.ts";
import type { EtherSeat } from "./ether.ts";
import type { Air } from "./open-ether.ts";
import type { Position } from "./propagation.ts";
import { Random } from "./random.ts";

export interface NeighboursOptions {
  air: Air;
  /** Rooms to chat in, with the channel key (16 or 32 bytes). */
  rooms: readonly { name: string; key: Uint8Array }[];
  /** How many there are (4). */
  count?: number;
  seed?: number;
  /** Time between messages; real time by default, however fast the channel runs. */
  clock?: SimClock;
  /** Unix time in seconds for the messages. */
  unixTime?: () => number;
  /** They live within 3 km of here; without it all of them are close by. */
  center?: Position;
}

const NAMES = ["Mira", "Tom K7", "Solveig", "Base-2", "Jakub", "Ines", "Old Pete", "Hilltop", "Ayşe", "Nils"];
const REMARKS = [
  "morning all, light fog up here",
  "anyone else hearing the repeater on the water tower?",
  "new antenna is up, how do I sound?",
  "battery at 78 %, solar is doing its job",
  "road to the quarry is closed until Friday",
  "walking the dog, back in 20",
  "meeting moved to 19:30, same place",
  "test from the attic window",
  "3 hops from the river, not bad",
  "wind is picking up on the ridge",
  "has anybody a spare SMA pigtail?",
  "power is back in our street",
  "thanks for yesterday everybody 👍",
  "switching to the yagi for an hour",
  "temperature on the hill is 4.5 °C",
  "coffee is on, come by",
  "check-in: all fine here",
  "lost you for a moment, say again?",
  "the node at the school is back on air",
  "good signal today, must be the weather",
];
const ANSWERS = [
  "copy that",
  "heard you loud and clear",
  "same here",
  "nice, {sender}!",
  "thanks {sender}",
  "{sender}: got it, 73",
  "agreed",
  "will do",
];
/** Nobody speaks while the channel is in use; they look again after this. */
const BUSY_RETRY_MS = [120, 400] as const;
const FIRST_MS = [300, 800] as const;
const PAUSE_MS = [2000, 7000] as const;
const ANSWER_MS = [1500, 3500] as const;
/** How often a message makes somebody answer. */
const ANSWER_SHARE = 0.3;
/** How much of the chatter is in the first room; it begins there too. */
const FIRST_ROOM_SHARE = 0.6;
const METRES_PER_DEGREE = 111_195;

interface Room {
  name: string;
  channel: Channel;
}

/** Starts the chatter; the answer stops it and takes the stations off the air. */
export function startNeighbours(options: NeighboursOptions): () => void {
  const neighbours = new Neighbours(options);
  return () => neighbours.stop();
}

class Neighbours {
  private readonly clock: SimClock;
  private readonly random: Random;
  private readonly rooms: Room[];
  private readonly unixTime: () => number;
  private readonly cipher = new GroupCipher(softCrypto());
  private readonly people: { name: string; seat: EtherSeat }[] = [];
  /** The one next thing to happen: there is never more than one message on its way. */
  private cancel: () => void = () => undefined;

  constructor(options: NeighboursOptions) {
    const { air, center } = options;
    this.clock = options.clock ?? realClock();
    this.random = new Random(options.seed ?? 1);
    this.unixTime = options.unixTime ?? (() => Math.floor(Date.now() / 1000));
    const crypto = softCrypto();
    this.rooms = options.rooms.map(({ name, key }) => ({ name, channel: makeChannel(crypto, key) }));
    const count = Math.min(options.count ?? 4, NAMES.length);
    for (const name of NAMES.slice(0, this.rooms.length > 0 ? count : 0)) {
      const position = center && this.near(center);
      // All hear the same things; one pair of ears will do.
      const listens = this.people.length === 0;
      const seat = air.join({ position, heard: ({ frame }) => listens && this.hear(frame) });
      this.people.push({ name, seat });
    }
    if (this.people.length > 0) this.in(FIRST_MS, () => this.remark(this.rooms[0]));
  }

  stop(): void {
    this.cancel();
    for (const { seat } of this.people) seat.leave();
    this.people.length = 0;
  }

  private in([least, most]: readonly [number, number], fn: () => void): void {
    this.cancel();
    this.cancel = this.clock.after(this.random.between(least, most), fn);
  }

  private remark(room: Room): void {
    this.say(this.random.pick(this.people), room, this.random.pick(REMARKS));
  }

  private anyRoom(): Room {
    return this.random.fraction() < FIRST_ROOM_SHARE ? this.rooms[0] : this.random.pick(this.rooms);
  }

  private say(who: { name: string; seat: EtherSeat }, room: Room, text: string): void {
    if (who.seat.isChannelBusy()) {
      this.in(BUSY_RETRY_MS, () => this.say(who, room, text));
      return;
    }
    const plain = new Uint8Array(192);
    const length = encodeGroupText(this.unixTime(), utf8Encode(joinSender(who.name, text)), plain);
    const payload = new Uint8Array(192);
    const size = this.cipher.seal(room.channel, plain, length, payload, 0);
    if (length > 0 && size > 0) {
      who.seat.transmit(encodePacket({ route: ROUTE_FLOOD, type: TYPE_GRP_TXT, payload: view(payload, 0, size) }));
    }
    this.in(PAUSE_MS, () => this.remark(this.anyRoom()));
  }

  /** Somebody outside said something: perhaps one of us answers instead of the next remark. */
  private hear(frame: Uint8Array): void {
    const packet = new Packet();
    if (parsePacket(frame, frame.length, packet) !== 0 || packet.type !== TYPE_GRP_TXT) return;
    for (const room of this.rooms) {
      const length = this.cipher.open(room.channel, frame, packet.payloadAt, packet.payloadLen);
      if (length < 0 || !isPlainText(this.cipher.plain, length)) continue;
      const end = textEnd(this.cipher.plain, length);
      const { sender } = splitSender(utf8Decode(view(this.cipher.plain, TEXT_AT, Math.max(0, end - TEXT_AT))));
      const isOurs = this.people.some((each) => each.name === sender);
      if (sender === "" || isOurs || this.random.fraction() >= ANSWER_SHARE) return;
      const who = this.random.pick(this.people);
      const text = this.random.pick(ANSWERS).replace("{sender}", sender.slice(0, 24));
      this.in(ANSWER_MS, () => this.say(who, room, text));
      return;
    }
  }

  private near(center: Position): Position {
    const metres = this.random.between(200, 3000);
    const angle = this.random.between(0, 2 * Math.PI);
    const lat = center.lat + (metres * Math.cos(angle)) / METRES_PER_DEGREE;
    const lon = center.lon + (metres * Math.sin(angle)) / (METRES_PER_DEGREE * Math.cos((center.lat * Math.PI) / 180));
    return { lat, lon };
  }
}
