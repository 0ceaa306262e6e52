// Who we are, and who our neighbours are.
import { bytesToHex, hexToBytes, view } from "../../protocol/bytes.ts";
import type { Console } from "../console.ts";
import { HOST_SIGNS } from "../features.ts";
import { NEIGHBOURS } from "./neighbour-row.ts";

const KEY_BYTES = 64;
/** Hex digits that one handler makes bytes of. */
const KEY_PART = 16;
/** Bytes of which one handler makes hex digits. */
const SHOWN = 16;
/** Rows of the neighbour table that one handler looks through. */
const REMOVED = 7;

export function advertCommands(console: Console, name: string, text: string): string {
  const adverts = console.adverts;
  /** Says `before` and the bytes in hex, of which a handler makes so many. */
  const show = (before: string, bytes: Uint8Array): string => {
    let hex = "";
    const add = (i: number): void => {
      hex += bytesToHex(view(bytes, SHOWN * i, SHOWN)).toUpperCase();
    };
    console.each(0, bytes.length / SHOWN, add, () => before + hex);
    return "";
  };
  /** Makes bytes of hex digits, some in each handler, and answers with what `then` makes of whether they are. */
  const read = (hex: string, bytes: Uint8Array, then: (isHex: boolean) => string): string => {
    let isHex = true;
    const convert = (i: number): void => {
      try {
        bytes.set(hexToBytes(hex.substr(KEY_PART * i, KEY_PART)), (KEY_PART / 2) * i);
      } catch (_) {
        isHex = false;
      }
    };
    console.each(0, Math.ceil(hex.length / KEY_PART), convert, () => then(isHex));
    return "";
  };
  switch (name) {
    case "advert":
    case "advert.zerohop":
      if (!adverts.send(name === "advert")) return "Error: the clock is not set; Try: time EPOCH";
      return name === "advert" ? "OK - Advert sent" : "OK - zerohop advert sent";
    case "get public.key":
      return console.mesh.publicKey.length ? show("> ", console.mesh.publicKey) : "Error: no key yet; Try: later";
    case "get prv.key":
      if (HOST_SIGNS) return "Error: unsupported";
      return adverts.identity.length
        ? show("> ", view(adverts.identity, 0, KEY_BYTES))
        : "Error: no key yet; Try: later";
    case "neighbor.remove": {
      const hex = text.substr(0, 64);
      const prefix = new Uint8Array(hex.length >> 1);
      return read(hex, prefix, (isHex) => {
        if (!isHex) return "ERR: bad pubkey";
        const table = console.neighbours();
        const remove = (i: number): void => table.remove(prefix, REMOVED * i, REMOVED * (i + 1));
        console.each(0, NEIGHBOURS / REMOVED, remove, () => "OK");
        return "";
      });
    }
    case "neighbors":
      console.later(() => {
        const table = console.neighbours();
        let lines = "";
        const more = (): string => {
          const line = table.next();
          if (line === null) return lines || "-none-";
          if (line) lines += (lines && "\n") + line;
          console.later(more);
          return "";
        };
        console.later(more);
        return "";
      });
      return "";
  }
  // set prv.key
  if (HOST_SIGNS) return "Error: unsupported";
  const key = new Uint8Array(KEY_BYTES);
  const isLong = text.length === 2 * KEY_BYTES;
  return read(isLong ? text : "", key, (isHex) => {
    if (!isHex || !isLong) return "Error, bad key";
    adverts.setKey(key, (publicKey) => {
      if (!publicKey) console.reply("Error, bad key");
      else if (publicKey.length) show("OK! New pubkey: ", publicKey);
      else
        console.reply("Error: no public key could be made of it, the key stays as it was; Try: again, then flash.sh");
    });
    return "";
  });
}
