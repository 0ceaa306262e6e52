import { bytesToHex } from "../../protocol/bytes.ts";
import { GroupCipher } from "../../protocol/channel.ts";
import { Packet, packetHash, parsePacket, TYPE_GRP_TXT } from "../../protocol/packet.ts";
import { nodeCrypto } from "../node-crypto.ts";
import type { Room } from "../room/rooms.ts";

/** What a packet from the air is to this host. */
export type Heard =
  | { kind: "room"; room: Room; payload: Uint8Array; hops: number }
  /** Advert, another channel, anything else that is MeshCore. */
  | { kind: "other" }
  | { kind: "duplicate" }
  | { kind: "malformed" };

/** MeshCore remembers 128 packets; a host has the memory for more. */
const SEEN_MAX = 4096;

/** Does for a modem what our firmware does on a board: tells packets apart, each once, and finds the room of a message. */
export class RoomEar {
  readonly counts = { malformed: 0, duplicates: 0, macFailures: 0, unknownChannel: 0 };
  private readonly cipher = new GroupCipher(nodeCrypto);
  private readonly packet = new Packet();
  /** Packet hashes, oldest first. */
  private readonly seen = new Set<string>();

  /** `frame` is a whole packet as it was on the air. The payload of a room message is a copy. */
  hear(frame: Uint8Array, rooms: readonly Room[]): Heard {
    const { packet } = this;
    // The hash borrows a byte of the packet.
    const bytes = Uint8Array.from(frame);
    if (parsePacket(bytes, bytes.length, packet) !== 0) {
      this.counts.malformed++;
      return { kind: "malformed" };
    }
    if (!this.isNew(bytesToHex(packetHash(nodeCrypto, bytes, packet)))) {
      this.counts.duplicates++;
      return { kind: "duplicate" };
    }
    if (packet.type !== TYPE_GRP_TXT) return { kind: "other" };
    const { payloadAt, payloadLen, hops } = packet;
    const payload = bytes.slice(payloadAt, payloadAt + payloadLen);
    const ours = rooms.filter(({ channel }) => payloadLen > 0 && channel.hash === payload[0]);
    const room = ours.find(({ channel }) => this.cipher.matches(channel, payload, 0, payloadLen));
    if (room !== undefined) return { kind: "room", room, payload, hops };
    this.counts[ours.length > 0 ? "macFailures" : "unknownChannel"]++;
    return { kind: "other" };
  }

  /** A packet that this host sends: heard again it is a duplicate. False when it was heard or sent before. */
  sending(frame: Uint8Array): boolean {
    const bytes = Uint8Array.from(frame);
    if (parsePacket(bytes, bytes.length, this.packet) !== 0) throw new Error("bug: an outgoing packet is malformed");
    return this.isNew(bytesToHex(packetHash(nodeCrypto, bytes, this.packet)));
  }

  private isNew(hash: string): boolean {
    if (this.seen.has(hash)) return false;
    this.seen.add(hash);
    if (this.seen.size > SEEN_MAX) for (const oldest of this.seen) return this.seen.delete(oldest);
    return true;
  }
}
