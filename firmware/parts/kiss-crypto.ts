// What MeshCore's KISS modem answers where it takes cryptography: GetRandom, EncryptData, DecryptData. Evaluated anew for each.
import { readU32, view } from "../../protocol/bytes.ts";
import { hmacPads, hmacSha256 } from "../../protocol/hmac.ts";
import {
  KISS_ANSWER,
  KISS_ERROR,
  KISS_INVALID_LENGTH,
  KISS_INVALID_PARAM,
  KISS_MAC_FAILED,
  KISS_TX_BUSY,
} from "../../protocol/kiss-modem.ts";
import type { Hal } from "../hal.ts";
import type { Mesh, RawPort } from "../mesh.ts";
import type { Settings } from "../settings.ts";
import { READ_REGISTER } from "../sx126x-table.ts";

/** Where data begins in a request, and what stands behind a key there. */
const DATA = 1;
const BEHIND_KEY = 33;
const BEHIND_MAC = 35;
const BLOCK = 16;
const MOST_RANDOM = 64;
/** The chip's generator, which lives on the noise that it receives. */
const REG_RANDOM = 0x0819;

/** As kissRequest(). */
export function kissCrypto(hal: Hal, mesh: Mesh, _settings: Settings, _port: RawPort, text: string): string {
  const radio = mesh.radio;
  const request = hal.toBytes(text);
  const number = request[0];
  const byte = (value: number): string => String.fromCharCode(value & 255);
  const error = (code: number): string => byte(KISS_ERROR) + byte(code);
  const answer = (data: string): string => byte(number | KISS_ANSWER) + data;

  /** The engine's chance and the radio's noise: either alone may be poor. */
  const random = (count: number): string => {
    if (count < 1 || count > MOST_RANDOM) return error(KISS_INVALID_PARAM);
    // There is noise only while it receives.
    if (!radio.isReceiving()) return error(KISS_TX_BUSY);
    const query = new Uint8Array([READ_REGISTER, REG_RANDOM >> 8, REG_RANDOM & 255, 0, 0, 0, 0, 0]);
    const words = new Uint32Array(BLOCK);
    let found = "";
    while (found.length < count) {
      for (let i = 0; i < BLOCK; i += 2) {
        words[i] = hal.random();
        words[i + 1] = readU32(hal.transfer(query), 4);
      }
      found += hal.toText(hal.crypto.sha256(new Uint8Array(words.buffer)));
    }
    return answer(found.substr(0, count));
  };

  /** The key of the request, where machine code can take it. */
  const key = (): Uint8Array => {
    const copy = new Uint8Array(32);
    copy.set(view(request, DATA, 32));
    return copy;
  };
  const mac = (data: Uint8Array): string => {
    const sum = hmacSha256(hal.crypto, hmacPads(key()), data);
    return byte(sum[0]) + byte(sum[1]);
  };
  /** What begins at `at`, as whole blocks. Engines keep what is shorter than two of them in pieces. */
  const blocks = (at: number): Uint8Array => {
    const length = request.length - at;
    const copy = new Uint8Array(Math.max(2 * BLOCK, (length + BLOCK - 1) & -BLOCK));
    copy.set(view(request, at, length));
    return view(copy, 0, (length + BLOCK - 1) & -BLOCK);
  };
  const encrypt = (): string => {
    const data = blocks(BEHIND_KEY);
    hal.crypto.aesEncrypt(view(key(), 0, BLOCK), data, data);
    return answer(mac(data) + hal.toText(data));
  };
  const decrypt = (): string => {
    const sealed = view(request, BEHIND_MAC, request.length - BEHIND_MAC);
    if (mac(sealed) !== text.substring(BEHIND_KEY, BEHIND_MAC)) return error(KISS_MAC_FAILED);
    if (sealed.length % BLOCK) return error(KISS_INVALID_PARAM);
    const data = blocks(BEHIND_MAC);
    hal.crypto.aesDecrypt(view(key(), 0, BLOCK), data, data);
    return answer(hal.toText(data));
  };

  if (number === 2) return request.length > DATA ? random(request[DATA]) : error(KISS_INVALID_LENGTH);
  if (request.length <= (number === 5 ? BEHIND_KEY : BEHIND_MAC)) return error(KISS_INVALID_LENGTH);
  return number === 5 ? encrypt() : decrypt();
}
