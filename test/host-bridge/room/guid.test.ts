import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { messageGuid } from "../../../host-bridge/room/guid.ts";
import { hexToBytes } from "../../../protocol/bytes.ts";
import { loadVectors } from "../../protocol/vector-file.ts";

interface Vectors {
  channels: { id: string; psk: string }[];
  messages: { id: string; channel: string; payload: string; packet_hash: string }[];
}

describe("guid", () => {
  it("is a UUID of version 8 made of the room key and the firmware's packet hash (group_channels.json)", () => {
    const { channels, messages } = loadVectors("group_channels.json") as Vectors;
    for (const { id, channel, payload, packet_hash } of messages) {
      const psk = channels.find((each) => each.id === channel)?.psk ?? "";
      const key = hexToBytes(psk);
      const digest = createHmac("sha256", key)
        .update(Buffer.concat([Buffer.from("meshcore-room-guid"), Buffer.from(packet_hash, "hex")]))
        .digest("hex");
      const guid = messageGuid(key, hexToBytes(payload));
      assert.match(guid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, id);
      const plain = guid.replaceAll("-", "");
      assert.equal(
        plain.slice(0, 12) + plain.slice(13, 16) + plain.slice(17),
        digest.slice(0, 12) + digest.slice(13, 16) + digest.slice(17, 32),
        id,
      );
    }
    assert.ok(messages.length > 5);
  });

  it("differs from room to room for the same packet", () => {
    const payload = new Uint8Array(19);
    assert.notEqual(messageGuid(new Uint8Array(16).fill(1), payload), messageGuid(new Uint8Array(16).fill(2), payload));
  });
});
