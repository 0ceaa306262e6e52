// What MeshCore's KISS modem answers where it takes cryptography: GetRandom, EncryptData, DecryptData. Evaluated anew for each. Every
// step has a handler of its own: all of them together would keep the radio waiting for a tenth of a second.
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
import type { KissStep } from "./kiss-modem.ts";

/** Where data begins in a request, and what stands behind a key there. */
const DATA = 1;
const BEHIND_KEY = 33;
const BEHIND_MAC = 35;
const BLOCK = 16;
const MOST_RANDOM = 64;
/** Words of chance that a hash is made of, and how many of them one handler has time for. */
const WORDS = 16;
const WORDS_A_TURN = 4;
/** The chip's generator, which lives on the noise that it receives. */
const REG_RANDOM = 0x0819;

/** As kissRequest(). */
export function kissCrypto(hal: Hal, mesh: Mesh, _settings: Settings, _port: RawPort, text: string): KissStep {
  const radio = mesh.radio;
  const request = hal.toBytes(text);
  const number = request[0];
  const byte = (value: number): string => String.fromCharCode(value & 255);
  const error = (code: number): string => byte(KISS_ERROR) + byte(code);
  const answer = (data: string): string => byte(number | KISS_ANSWER) + data;

  /** The engine's chance and the radio's noise: either alone may be poor. */
  const random = (count: number): KissStep => {
    const query = new Uint8Array([READ_REGISTER, REG_RANDOM >> 8, REG_RANDOM & 255, 0, 0, 0, 0, 0]);
    const words = new Uint32Array(WORDS);
    let at = 0;
    let found = "";
    const draw = (): KissStep => {
      // There is noise only while it receives.
      if (!radio.isReceiving()) return error(KISS_TX_BUSY);
      for (const end = at + WORDS_A_TURN; at < end; at += 2) {
        words[at] = hal.random();
        words[at + 1] = readU32(hal.transfer(query), 4);
      }
      if (at < WORDS) return draw;
      at = 0;
      found += hal.toText(hal.crypto.sha256(new Uint8Array(words.buffer)));
      return found.length < count ? draw : answer(found.substr(0, count));
    };
    return count < 1 || count > MOST_RANDOM ? error(KISS_INVALID_PARAM) : draw;
  };

  /** The key of the request, where machine code can take it. */
  const key = (): Uint8Array => {
    const copy = new Uint8Array(32);
    copy.set(view(request, DATA, 32));
    return copy;
  };
  /** Has `then` what comes of the MAC of `data`. */
  const withMac = (data: Uint8Array, then: (mac: string) => KissStep): KissStep => {
    const pads = hmacPads(key());
    return () => {
      const sum = hmacSha256(hal.crypto, pads, data);
      return () => then(byte(sum[0]) + byte(sum[1]));
    };
  };
  /** What begins at `at`, as whole blocks. Engines keep what is shorter than two of them in pieces. */
  const blocks = (at: number): Uint8Array => {
    const length = request.length - at;
    const copy = new Uint8Array(Math.max(2 * BLOCK, (length + BLOCK - 1) & -BLOCK));
    copy.set(view(request, at, length));
    return view(copy, 0, (length + BLOCK - 1) & -BLOCK);
  };
  const encrypt = (): KissStep => {
    const data = blocks(BEHIND_KEY);
    hal.crypto.aesEncrypt(view(key(), 0, BLOCK), data, data);
    return () => withMac(data, (mac) => answer(mac + hal.toText(data)));
  };
  const decrypt = (): KissStep => {
    const sealed = view(request, BEHIND_MAC, request.length - BEHIND_MAC);
    return withMac(sealed, (mac) => {
      if (mac !== text.substring(BEHIND_KEY, BEHIND_MAC)) return error(KISS_MAC_FAILED);
      if (sealed.length % BLOCK) return error(KISS_INVALID_PARAM);
      const data = blocks(BEHIND_MAC);
      hal.crypto.aesDecrypt(view(key(), 0, BLOCK), data, data);
      return () => answer(hal.toText(data));
    });
  };

  if (number === 2) return request.length > DATA ? random(request[DATA]) : error(KISS_INVALID_LENGTH);
  if (request.length <= (number === 5 ? BEHIND_KEY : BEHIND_MAC)) return error(KISS_INVALID_LENGTH);
  return number === 5 ? encrypt : decrypt;
}
