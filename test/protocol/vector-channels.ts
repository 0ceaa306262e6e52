import type { ProtocolApi } from "../../protocol/api.ts";
import type { Channel } from "../../protocol/channel.ts";
import { compareHash } from "./vector-packets.ts";
import { group, Report, unsigned } from "./vector-report.ts";

const MAX_TEXT = 160;

interface ChannelVector {
  id: string;
  psk: string;
  psk_len: number;
  secret32: string;
  channel_hash: string;
  hashtag?: string | null;
}

/** What the firmware's receiver handed to its application; our receiver below makes the same. */
interface Delivered {
  event: string;
  channel_hash: string;
  secret?: string;
  timestamp?: number;
  text_hex?: string;
  data_type?: number;
  data?: string;
}

interface MessageVector {
  id: string;
  channel: string;
  timestamp: number;
  message_hex: string;
  truncated: boolean;
  plaintext: string;
  payload: string;
  decrypted_padded: string;
  raw: string;
  packet_hash: string;
  delivered: Delivered[];
}

interface PlaintextVector {
  id: string;
  channel: string;
  plaintext: string;
  payload: string | null;
  decrypt_len?: number;
}

interface ReceiveVector {
  id: string;
  raw: string;
  delivered: Delivered[];
}

interface NegativeVector {
  id: string;
  key: string;
  raw: string;
  decrypt_len: number;
  delivered?: Delivered[];
}

interface DataVector {
  id: string;
  channel: string;
  data_type?: number;
  data?: string;
  sent?: boolean;
  raw: string | null;
  delivered: Delivered[];
}

function channelById(api: ProtocolApi, vectors: object, id: string): Channel {
  for (const vector of group<ChannelVector>(vectors, "channels")) {
    if (vector.id === id) return api.makeChannel(api.crypto, api.hexToBytes(vector.psk));
  }
  throw new Error(`the vector file has no channel "${id}"`);
}

/** A node with every channel of the file, made from the api as a room server would. */
class Receiver {
  private readonly api: ProtocolApi;
  private readonly channels: Channel[] = [];
  private readonly cipher: InstanceType<ProtocolApi["GroupCipher"]>;
  private readonly seen: Record<string, boolean> = {};

  constructor(api: ProtocolApi, vectors: object) {
    this.api = api;
    this.cipher = new api.GroupCipher(api.crypto);
    for (const vector of group<ChannelVector>(vectors, "channels")) {
      this.channels.push(api.makeChannel(api.crypto, api.hexToBytes(vector.psk)));
    }
  }

  receive(raw: string): Delivered[] {
    const api = this.api;
    const bytes = api.hexToBytes(raw);
    const packet = new api.Packet();
    if (api.parsePacket(bytes, bytes.length, packet)) return [];
    const hash = api.bytesToHex(api.packetHash(api.crypto, bytes, packet));
    if (this.seen[hash]) return [];
    this.seen[hash] = true;
    for (const channel of this.channels) {
      const length = this.cipher.open(channel, bytes, packet.payloadAt, packet.payloadLen);
      if (length >= 0) return this.deliver(packet.type, channel, length);
    }
    return [];
  }

  private deliver(type: number, channel: Channel, length: number): Delivered[] {
    const api = this.api;
    const plain = this.cipher.plain;
    const hash = (channel.hash < 16 ? "0" : "") + channel.hash.toString(16);
    if (type === 6) {
      const data = api.decodeGroupData(plain, length);
      if (!data) return [];
      return [{ event: "channel_data", channel_hash: hash, data_type: data.dataType, data: api.bytesToHex(data.data) }];
    }
    if (!api.isPlainText(plain, length)) return [];
    return [
      {
        event: "channel_text",
        channel_hash: hash,
        secret: api.bytesToHex(channel.key32),
        timestamp: unsigned(plain, 0, 4),
        text_hex: api.bytesToHex(api.view(plain, 5, api.textEnd(plain, length) - 5)),
      },
    ];
  }
}

/** The fields that both sides have; `text` is the same as `text_hex`, or null. */
function comparable(delivered: Delivered[]): Delivered[] {
  return delivered.map((d) => ({
    event: d.event,
    channel_hash: d.channel_hash,
    secret: d.secret,
    timestamp: d.timestamp,
    text_hex: d.text_hex,
    data_type: d.data_type,
    data: d.data,
  }));
}

export function checkChannels(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  for (const vector of group<ChannelVector>(vectors, "channels")) {
    const channel = api.makeChannel(api.crypto, api.hexToBytes(vector.psk));
    report.same(vector.id, "key length", channel.keyLen, vector.psk_len);
    report.same(vector.id, "padded key", api.bytesToHex(channel.key32), vector.secret32);
    report.same(vector.id, "hash", channel.hash, Number.parseInt(vector.channel_hash, 16));
    if (!vector.hashtag) continue;
    const tagged = api.utf8Encode(vector.hashtag);
    const bare = api.view(tagged, 1, tagged.length - 1);
    report.same(vector.id, "key of the name", api.bytesToHex(api.hashtagKey(api.crypto, tagged)), vector.psk);
    report.same(vector.id, "key of the bare name", api.bytesToHex(api.hashtagKey(api.crypto, bare)), vector.psk);
  }
  return report.result();
}

export function checkMessages(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  const cipher = new api.GroupCipher(api.crypto);
  for (const vector of group<MessageVector>(vectors, "messages")) {
    const channel = channelById(api, vectors, vector.channel);
    const text = api.hexToBytes(vector.message_hex);
    const plain = api.hexToBytes("00".repeat(180));
    const out = api.hexToBytes("00".repeat(184));
    const length = api.encodeGroupText(vector.timestamp, text, plain);
    if (text.length > MAX_TEXT) {
      report.same(vector.id, "length of a text that is too long", length, -1);
    } else {
      report.same(vector.id, "plaintext", api.bytesToHex(api.view(plain, 0, length)), vector.plaintext);
      const sealed = api.view(out, 0, cipher.seal(channel, plain, length, out, 0));
      report.same(vector.id, "payload", api.bytesToHex(sealed), vector.payload);
      const packet = api.encodePacket({ route: 1, type: 5, payload: sealed });
      report.same(vector.id, "packet", api.bytesToHex(packet), vector.raw);
    }
    const payload = api.hexToBytes(vector.payload);
    report.same(vector.id, "matches", cipher.matches(channel, payload, 0, payload.length), true);
    const opened = cipher.open(channel, payload, 0, payload.length);
    const decrypted = api.bytesToHex(api.view(cipher.plain, 0, Math.max(opened, 0)));
    report.same(vector.id, "decrypted", decrypted, vector.decrypted_padded);
    compareHash(api, report, vector.id, vector.raw, vector.packet_hash);
    const delivered = new Receiver(api, vectors).receive(vector.raw);
    report.same(vector.id, "delivered", comparable(delivered), comparable(vector.delivered));
  }
  return report.result();
}

export function checkPlaintexts(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  const cipher = new api.GroupCipher(api.crypto);
  for (const vector of group<PlaintextVector>(vectors, "raw_plaintexts")) {
    const channel = channelById(api, vectors, vector.channel);
    const plain = api.hexToBytes(vector.plaintext);
    const out = api.hexToBytes("aa".repeat(200));
    const length = cipher.seal(channel, plain, plain.length, out, 7);
    const payload = length < 0 ? null : api.bytesToHex(api.view(out, 7, length));
    report.same(vector.id, "payload", payload, vector.payload);
    if (length < 0) continue;
    const opened = cipher.open(channel, out, 7, length);
    // 0 is the firmware's way to say that there is nothing, ours is -1.
    report.same(vector.id, "decrypted length", Math.max(opened, 0), vector.decrypt_len);
  }
  return report.result();
}

export function checkReceive(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  const receiver = new Receiver(api, vectors);
  for (const vector of group<ReceiveVector>(vectors, "receive")) {
    report.same(vector.id, "delivered", comparable(receiver.receive(vector.raw)), comparable(vector.delivered));
  }
  return report.result();
}

export function checkNegativeMessages(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  const cipher = new api.GroupCipher(api.crypto);
  const receiver = new Receiver(api, vectors);
  const packet = new api.Packet();
  for (const vector of group<NegativeVector>(vectors, "negative")) {
    const bytes = api.hexToBytes(vector.raw);
    const channel = api.makeChannel(api.crypto, api.hexToBytes(vector.key));
    report.same(vector.id, "rejected", api.parsePacket(bytes, bytes.length, packet), 0);
    // The vector is about the key alone, open() looks at the channel hash as well.
    bytes[packet.payloadAt] = channel.hash;
    const opened = cipher.open(channel, bytes, packet.payloadAt, packet.payloadLen);
    report.same(vector.id, "decrypted length", Math.max(opened, 0), vector.decrypt_len);
    if (!vector.delivered) continue;
    report.same(vector.id, "delivered", comparable(receiver.receive(vector.raw)), comparable(vector.delivered));
  }
  return report.result();
}

export function checkGroupData(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  const cipher = new api.GroupCipher(api.crypto);
  const receiver = new Receiver(api, vectors);
  for (const vector of group<DataVector>(vectors, "group_data")) {
    if (vector.data !== undefined && vector.data_type !== undefined) {
      const channel = channelById(api, vectors, vector.channel);
      const plain = api.hexToBytes("00".repeat(180));
      const out = api.hexToBytes("00".repeat(184));
      const length = api.encodeGroupData(vector.data_type, api.hexToBytes(vector.data), plain);
      report.same(vector.id, "composed", length >= 0, vector.sent);
      if (length >= 0) {
        const sealed = api.view(out, 0, cipher.seal(channel, plain, length, out, 0));
        const packet = api.encodePacket({ route: 1, type: 6, payload: sealed });
        report.same(vector.id, "packet", api.bytesToHex(packet), vector.raw);
      }
    }
    const delivered = vector.raw === null ? [] : receiver.receive(vector.raw);
    report.same(vector.id, "delivered", comparable(delivered), comparable(vector.delivered));
  }
  return report.result();
}

export function checkKeyCornerCase(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  const vector = (vectors as { key_corner_case: { psk: string; hash_setChannel: string } }).key_corner_case;
  const channel = api.makeChannel(api.crypto, api.hexToBytes(vector.psk));
  report.same("key_corner_case", "hash", channel.hash, Number.parseInt(vector.hash_setChannel, 16));
  report.same("key_corner_case", "key length", channel.keyLen, 16);
  return report.result();
}
