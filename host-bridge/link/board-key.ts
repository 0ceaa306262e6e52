// Keys of boards that cannot have one themselves: made here, kept here, and never told to anybody. docs/link.md, CheckAdvert and
// WantAdverts.
import { createHash, createPublicKey, randomBytes, verify } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { APP_AT, SIGNATURE_AT, signedMessage, TIMESTAMP_AT } from "../../protocol/advert.ts";
import { writeU32 } from "../../protocol/bytes.ts";
import { complete } from "../../protocol/curve.ts";
import { softCurve } from "../../protocol/curve25519.ts";
import { RoomError } from "../errors.ts";
import { nodeCrypto } from "../node-crypto.ts";

export interface BoardKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** A signed advert payload of MeshCore. Takes about 10 ms. */
  advert(timestamp: number, appData: Uint8Array): Uint8Array;
}

/** An Ed25519 public key in front of which this stands is one that node:crypto reads (RFC 8410). */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");
/** A stock is even for so many adverts, and from there on each is twice as far away as the one before. */
const EVEN = 8;
/** The board's clock may be a little behind ours. */
const BEHIND_S = 2;

const curve = softCurve(nodeCrypto);

/** Where the key of a board is. `board` is its configured id, letters and digits and - _ . */
export function keyFile(dataDir: string, board: string): string {
  return join(dataDir, `board-${board}.key`);
}

/** The key of `board`, made when there is none. Throws RoomError `board_key_unusable`. */
export function openBoardKey(dataDir: string, board: string): BoardKey {
  const file = keyFile(dataDir, board);
  try {
    return boardKey(parse(file, read(file) ?? create(file)));
  } catch (error) {
    if (error instanceof RoomError) throw error;
    throw new RoomError("board_key_unusable", `${file} cannot be used`, {
      hint: "check data_dir and that this user may write there",
      cause: error,
    });
  }
}

/** When to date adverts, Unix seconds: the first for now, all above `after`, the next ones for a time without us. */
export function stockTimes(unixS: number, after: number, intervalS: number, count: number): number[] {
  const times: number[] = [];
  let time = Math.max(unixS - BEHIND_S, after + 1);
  let step = Math.max(intervalS, 1);
  for (let i = 0; i < count && time <= 0xffffffff; i++) {
    times.push(time);
    if (i >= EVEN - 1) step *= 2;
    time += step;
  }
  return times;
}

/** Whether `signature` is one of `message` by the key that it begins with. */
export function isRealAdvert(message: Uint8Array, signature: Uint8Array): boolean {
  if (message.length < SIGNATURE_AT) return false;
  try {
    const key = createPublicKey({ key: Buffer.concat([SPKI, message.subarray(0, 32)]), format: "der", type: "spki" });
    return verify(null, message, key, signature);
  } catch {
    return false; // No point of the curve: nobody's key.
  }
}

function boardKey(privateKey: Uint8Array): BoardKey {
  const publicKey = complete(curve.publicKey(privateKey));
  return {
    publicKey,
    advert: (timestamp, appData) => {
      const payload = new Uint8Array(APP_AT + appData.length);
      payload.set(publicKey);
      writeU32(payload, TIMESTAMP_AT, timestamp);
      payload.set(appData, APP_AT);
      const message = signedMessage(payload, 0, payload.length);
      payload.set(complete(curve.sign(privateKey, publicKey, message)), SIGNATURE_AT);
      return payload;
    },
  };
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** In hex, as MeshCore's console has it (`get prv.key`). */
function parse(file: string, text: string): Uint8Array {
  const hex = text.trim();
  const key = /^[0-9a-f]{128}$/i.test(hex) ? new Uint8Array(Buffer.from(hex, "hex")) : new Uint8Array(0);
  if (key.length === 64 && (key[0] & 7) === 0 && key[31] >> 6 === 1) return key;
  // Never what was found: it may be most of a key.
  throw new RoomError("board_key_unusable", `${file} holds no private key`, {
    expected: "128 hex digits, as MeshCore's `get prv.key` gives them",
    hint: "bring the file back from a backup; or remove it, and the board becomes another node",
  });
}

/** Makes a key that outlasts whatever happens next: either there is a whole file, or none. */
function create(file: string): string {
  const text = `${Buffer.from(draw()).toString("hex")}\n`;
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  const handle = openSync(draft, "wx", 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
    // Unlike a rename this takes no other's place.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return readFileSync(file, "latin1");
  } finally {
    closeSync(handle);
    rmSync(draft, { force: true });
  }
  return text;
}

/** As MeshCore makes one (RFC 8032, 5.1.5); keys whose public half begins with 00 or ff are nobody's. */
function draw(): Uint8Array {
  for (;;) {
    const key = new Uint8Array(createHash("sha512").update(randomBytes(32)).digest());
    key[0] &= 248;
    key[31] = (key[31] & 63) | 64;
    const first = complete(curve.publicKey(key))[0];
    if (first !== 0 && first !== 255) return key;
  }
}
