import { parseAdvert, verifyAdvert } from "./advert.ts";
import { bytesToHex, hexToBytes, view } from "./bytes.ts";
import { GroupCipher, hashtagKey, makeChannel } from "./channel.ts";
import type { CryptoPort } from "./crypto.ts";
import { ed25519Verify } from "./ed25519.ts";
import { decodeGroupData, encodeGroupData, encodeGroupText, isPlainText, textEnd } from "./group-text.ts";
import { encodePacket, Packet, packetHash, parseBlob, parsePacket } from "./packet.ts";
import { RegionMap, regionKey, regionNameOk, transportCode } from "./transport.ts";
import { utf8CutLength, utf8Decode, utf8Encode, utf8Valid } from "./utf8.ts";

/**
 * What the interoperability vectors check, as one object: here it is this code under Node, on a board and in the
 * simulator it is the built bundle's, on that engine's crypto.
 */
export function protocolApi(crypto: CryptoPort) {
  return {
    crypto,
    hexToBytes,
    bytesToHex,
    view,
    Packet,
    parsePacket,
    parseBlob,
    encodePacket,
    packetHash,
    makeChannel,
    hashtagKey,
    GroupCipher,
    encodeGroupText,
    textEnd,
    isPlainText,
    encodeGroupData,
    decodeGroupData,
    utf8Encode,
    utf8Decode,
    utf8Valid,
    utf8CutLength,
    parseAdvert,
    verifyAdvert,
    ed25519Verify,
    regionKey,
    transportCode,
    regionNameOk,
    RegionMap,
  };
}

export type ProtocolApi = ReturnType<typeof protocolApi>;
