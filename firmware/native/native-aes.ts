// AES on engines that run machine code but have no AES: the nRF52840 builds of Espruino.
import type { CryptoPort } from "../../protocol/crypto.ts";
import { AES_BLOB, AES_ENTRY } from "./aes-blob.ts";

/** What this file needs of the engine: Espruino's E.nativeCall, E.getAddressOf and atob. */
export interface NativeEngine {
  nativeCall(address: number, signature: string, code: string): ((...args: number[]) => unknown) | undefined;
  /** With `flat` true: the address of the bytes, or 0 when they do not lie in one piece. */
  getAddressOf(data: unknown, flat: boolean): number;
  atob(text: string): string;
}

const BLOCK = 16;
/** Bytes that one detour through memory in one piece carries. */
const DETOUR = 32;

/**
 * The AES half of a CryptoPort over the routine of aes.c. Throws when the engine has no room in one piece for the code.
 *
 * The engine keeps short arrays (below 20 bytes) in pieces, and may move the others when it defragments: so addresses are asked
 * for at every call, and whatever has none is copied through a scratch array. The common call, all three in one piece, has no loop.
 */
export function nativeAes(engine: NativeEngine): Pick<CryptoPort, "aesEncrypt" | "aesDecrypt"> {
  const address = engine.getAddressOf;
  const scratch = new Uint8Array(BLOCK + DETOUR);
  const routine = engine.nativeCall(AES_ENTRY, "void(int,int,int,int)", engine.atob(AES_BLOB));
  if (!routine || !address(scratch, true)) throw new Error("no memory in one piece for the AES routine");

  const detour = (direction: number, keyAt: number, data: Uint8Array, out: Uint8Array): void => {
    for (let i = 0; i < data.length; i += DETOUR) {
      const size = Math.min(DETOUR, data.length - i);
      const piece = new Uint8Array(scratch.buffer, BLOCK, size);
      piece.set(new Uint8Array(data.buffer, data.byteOffset + i, size));
      const at = address(piece, true);
      routine(direction * (size >> 4), keyAt, at, at);
      out.set(piece, i);
    }
  };

  // One function for each direction instead of one more argument: a call costs the engine more than this copy does.
  const towards =
    (direction: number): CryptoPort["aesEncrypt"] =>
    (key, data, out) => {
      const size = data.length;
      // The routine writes to bare addresses; past the end of `out` lies the engine's own memory.
      if (key.length < BLOCK || size % BLOCK || out.length < size) throw new Error("bug: AES of " + size + " bytes");
      let keyAt = address(key, true);
      if (!keyAt) {
        scratch.set(key);
        keyAt = address(scratch, true);
      }
      const from = address(data, true);
      const to = address(out, true);
      if (from && to) routine(direction * (size >> 4), keyAt, from, to);
      else detour(direction, keyAt, data, out);
    };

  return { aesEncrypt: towards(1), aesDecrypt: towards(-1) };
}
