// Who we are, and who our neighbours are.
import { bytesToHex, hexToBytes, view } from "../../protocol/bytes.ts";
import type { Console } from "../console.ts";
import { HOST_SIGNS } from "../features.ts";

const KEY_BYTES = 64;
/** Hex digits that one handler makes bytes of. */
const KEY_PART = 16;

export function advertCommands(console: Console, name: string, text: string): string {
  const adverts = console.adverts;
  const hex = (bytes: Uint8Array): string => bytesToHex(bytes).toUpperCase();
  switch (name) {
    case "advert":
    case "advert.zerohop":
      if (!adverts.send(name === "advert")) return "Error: the clock is not set; Try: time EPOCH";
      return name === "advert" ? "OK - Advert sent" : "OK - zerohop advert sent";
    case "get public.key":
      return console.mesh.publicKey.length ? "> " + hex(console.mesh.publicKey) : "Error: no key yet; Try: later";
    case "get prv.key":
      if (HOST_SIGNS) return "Error: unsupported";
      return adverts.identity.length
        ? "> " + hex(view(adverts.identity, 0, KEY_BYTES))
        : "Error: no key yet; Try: later";
    case "neighbor.remove":
      try {
        console.neighbours().remove(hexToBytes(text.substr(0, 64)));
      } catch (_) {
        return "ERR: bad pubkey";
      }
      return "OK";
    case "neighbors":
      return console.neighbours().text();
  }
  // set prv.key
  if (HOST_SIGNS) return "Error: unsupported";
  const key = new Uint8Array(KEY_BYTES);
  let isHex = text.length === 2 * KEY_BYTES;
  const convert = (i: number): void => {
    try {
      key.set(hexToBytes(text.substr(KEY_PART * i, KEY_PART)), (KEY_PART / 2) * i);
    } catch (_) {
      isHex = false;
    }
  };
  console.each(0, isHex ? (2 * KEY_BYTES) / KEY_PART : 0, convert, () => {
    if (!isHex) return "Error, bad key";
    adverts.setKey(key, (publicKey) => {
      console.reply(publicKey ? "OK! New pubkey: " + hex(publicKey) : "Error, bad key");
    });
    return "";
  });
  return "";
}
