// AES on engines that run machine code but have no AES: the nRF52840 builds of Espruino.
import type { CryptoPort } from "../../protocol/crypto.ts";
import { AES_BLOB, AES_DECRYPT, AES_ENCRYPT } from "./aes-blob.ts";

/** What this file needs of the engine: Espruino's E.nativeCall, E.getAddressOf and atob. */
export interface NativeEngine {
  nativeCall(address: number, signature: string, code: string): NativeRoutine | undefined;
  /** With `flat` true: the address of the bytes, or 0 when they do not lie in one piece. */
  getAddressOf(data: unknown, flat: boolean): number;
  atob(text: string): string;
}

/** aesEncrypt() and aesDecrypt() of aes.c: lengths of input and output, three addresses; 0 when the work is done. */
type NativeRoutine = (sizes: number, key: number, data: number, out: number) => number;

const SIGNATURE = "int(int,int,int,int)";
const BLOCK = 16;
/** Bytes that one detour through memory in one piece carries. */
const DETOUR = 32;

/**
 * The AES half of a CryptoPort over the routines of aes.c, for data below 32 KiB. Throws when there is no memory in one piece.
 *
 * The engine keeps short arrays (below 20 bytes) in pieces and may move the others when it defragments: so addresses are asked
 * for at every call. Where the routine refuses, `retry` finds out why. A key that is a view into a longer array is the fast case.
 */
export function nativeAes(engine: NativeEngine): Pick<CryptoPort, "aesEncrypt" | "aesDecrypt"> {
  const address = engine.getAddressOf;
  const code = engine.atob(AES_BLOB);
  const scratch = new Uint8Array(BLOCK + DETOUR);
  if (!address(scratch, true)) throw new Error("no memory in one piece for AES");

  const retry = (routine: NativeRoutine, key: Uint8Array, data: Uint8Array, out: Uint8Array): void => {
    const size = data.length;
    if (key.length !== BLOCK || size % BLOCK || out.length < size) {
      throw new Error("bug: AES with a key of " + key.length + " bytes from " + size + " to " + out.length);
    }
    scratch.set(key);
    if (!routine(size | (out.length << 16), address(scratch, true), address(data, true), address(out, true))) return;
    for (let i = 0; i < size; i += DETOUR) {
      const piece = new Uint8Array(scratch.buffer, BLOCK, Math.min(DETOUR, size - i));
      piece.set(new Uint8Array(data.buffer, data.byteOffset + i, piece.length));
      const at = address(piece, true);
      routine(piece.length | (piece.length << 16), address(scratch, true), at, at);
      out.set(piece, i);
    }
  };

  const encrypt = engine.nativeCall(AES_ENCRYPT, SIGNATURE, code);
  const decrypt = engine.nativeCall(AES_DECRYPT, SIGNATURE, code);
  if (!encrypt || !decrypt) throw new Error("no memory in one piece for the AES routine");
  // Written out twice, so that `retry` has two callers: the minifier would put it inside its only one, and Espruino would read
  // past its text at each call, which took longer than the rest.
  return {
    aesEncrypt: (key, data, out) => {
      if (encrypt(data.length | (out.length << 16), address(key, true), address(data, true), address(out, true))) {
        retry(encrypt, key, data, out);
      }
    },
    aesDecrypt: (key, data, out) => {
      if (decrypt(data.length | (out.length << 16), address(key, true), address(data, true), address(out, true))) {
        retry(decrypt, key, data, out);
      }
    },
  };
}
