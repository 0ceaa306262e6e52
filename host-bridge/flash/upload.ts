/*
 * Files into the engine's storage.
 *
 * The order makes a cut in the middle harmless: the boot files go first, so from then on the board starts with its prompt; the
 * bundle comes last. A bundle that is cut off is one function whose end is missing, which the engine refuses as a whole.
 */

import { latin1ToBytes } from "../../protocol/bytes.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { RoomError } from "../errors.ts";
import type { Engine } from "./engine-prompt.ts";

/** To make space for a file the engine may have to tidy up the whole storage, page by page. */
const CREATE_SECONDS = 120;
const PIECE_SECONDS = 5;
const TRIES = 3;
/** Looking through a file in an external flash chip. */
const CHECK_SECONDS = 60;

/** A text of bytes as the engine reads it in code: plain ASCII on one line. */
export function literal(text: string): string {
  const body = text.replace(/[^ !#-[\]-~]/g, (char) => {
    const code = char.charCodeAt(0);
    if (char === '"' || char === "\\") return `\\${char}`;
    if (char === "\n") return "\\n";
    if (code > 255) throw new Error("bug: text with characters that are no bytes");
    return `\\x${code.toString(16).padStart(2, "0")}`;
  });
  return `"${body}"`;
}

/**
 * Ends the program that still runs behind the prompt: what it was evaluated from is about to go. The watchdog that it may
 * have started cannot be ended, only fed.
 */
export async function stopProgram(engine: Engine): Promise<void> {
  await engine.ask(
    "(clearInterval(),clearTimeout(),clearWatch(),E.removeAllListeners(),process.removeAllListeners(),0)",
  );
  await engine.ask('(setInterval("E.kickWatchdog()",1000),0)');
}

/** Names of the files in the storage. */
export async function listFiles(engine: Engine): Promise<string[]> {
  return (await engine.ask('require("Storage").list()', CHECK_SECONDS)) as string[];
}

/** True when the file is there with exactly this content. */
export async function holds(engine: Engine, name: string, text: string): Promise<boolean> {
  const code = `(function(s){return s===undefined?[-1,0]:[s.length,E.CRC32(s)]})(require("Storage").read(${literal(name)}))`;
  const [length, sum] = (await engine.ask(code, CHECK_SECONDS)) as [number, number];
  return length === text.length && sum >>> 0 === crc32(latin1ToBytes(text));
}

export async function eraseFiles(engine: Engine, names: readonly string[]): Promise<void> {
  for (const name of names) await engine.ask(`(require("Storage").erase(${literal(name)}),0)`, CREATE_SECONDS);
}

/**
 * Writes in lines of about `lineBytes` and checks the whole. Throws RoomError `storage_full`, `not_written`, and those of ask().
 */
export async function writeFile(
  engine: Engine,
  name: string,
  text: string,
  lineBytes: number,
  onProgress: (done: number) => void,
): Promise<void> {
  for (let at = 0; at < text.length; ) {
    const piece = pieceAt(text, at, lineBytes);
    await writePiece(engine, name, piece, at, text.length);
    at += piece.length;
    onProgress(at);
  }
  if (await holds(engine, name, text)) return;
  throw new RoomError("not_written", `${name} does not read back as it was written`, { hint: "run this again" });
}

/** As much of `text` as its literal has room for `lineBytes`. */
function pieceAt(text: string, at: number, lineBytes: number): string {
  let piece = text.slice(at, at + lineBytes);
  while (piece.length > 1 && literal(piece).length > lineBytes + 2) {
    piece = piece.slice(0, Math.floor((piece.length * lineBytes) / literal(piece).length));
  }
  return piece;
}

/** One piece; once more when the line got lost on its way, unless the engine has it. */
async function writePiece(engine: Engine, name: string, piece: string, at: number, size: number): Promise<void> {
  const file = literal(name);
  const code = `require("Storage").write(${file},${literal(piece)},${at}${at === 0 ? `,${size}` : ""})`;
  for (let attempt = 1; ; attempt++) {
    let answer: unknown;
    try {
      answer = await engine.ask(code, at === 0 ? CREATE_SECONDS : PIECE_SECONDS);
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      if (error.code === "engine_error") throw refused(name, size, error.found ?? "an error");
      if (error.code !== "engine_silent" || attempt === TRIES) throw error;
      const there = await engine.ask(`require("Storage").read(${file},${at},${piece.length})==${literal(piece)}`);
      if (there === true) return;
      continue;
    }
    if (answer === true) return;
    throw refused(name, size, `the answer ${JSON.stringify(answer)}`);
  }
}

function refused(name: string, bytes: number, found: string): RoomError {
  return new RoomError("storage_full", `the engine's storage does not take ${name}`, {
    expected: `space for ${bytes} bytes`,
    found,
    hint: 'at the engine\'s prompt: require("Storage").list() shows what is there, require("Storage").eraseAll() empties it (rooms too)',
  });
}
