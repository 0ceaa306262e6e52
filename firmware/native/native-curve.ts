// Ed25519 and X25519 on engines that run machine code: the nRF52840 builds of Espruino.
import { view } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto.ts";
import type { CurvePort, CurveWork } from "../../protocol/curve.ts";
import { CURVE, CURVE_BLOB } from "./curve-blob.ts";
import type { NativeEngine } from "./native-aes.ts";

// The buffer of curve.c, its commands, and what it answers; 2 is a bad signature.
const BUFFER = 680;
const KEY_AT = 64;
const HASH_AT = 96;
const STEP = 0;
const PUBLIC = 1;
const SHARED = 2;
const SIGN = 3;
const CLOSE = 4;
const VERIFY = 5;
const READY = 0;
const AGAIN = 1;
const REFUSED = 3;

/** curve() of curve.c: address and length of the buffer, command. */
type Routine = (address: number, length: number, command: number) => number;
type Call = (buffer: Uint8Array, command: number) => number;
type End<T> = (buffer: Uint8Array, status: number) => T;

class Work<T> implements CurveWork<T> {
  value?: T;
  /** With the key in it. Of a private key the second half lies where the hash goes. */
  readonly buffer: Uint8Array;
  private readonly call: Call;
  private command: number;
  private readonly end: End<T>;

  constructor(call: Call, command: number, key: Uint8Array, length: number, end: End<T>) {
    if (key.length !== length) throw new Error("bug: a key of " + key.length + " bytes");
    this.call = call;
    this.command = command;
    this.end = end;
    this.buffer = new Uint8Array(BUFFER);
    this.buffer.set(key, KEY_AT);
  }

  step(): boolean {
    if (this.value === undefined) {
      const status = this.call(this.buffer, this.command);
      this.command = STEP;
      if (status === AGAIN) return false;
      this.value = this.end(this.buffer, status);
    }
    return true;
  }
}

/** The code of curve.c as a byte string: for a handler of its own, before nativeCurve(). */
export function curveCode(atob: (text: string) => string): string {
  return atob(CURVE_BLOB);
}

/**
 * The port over the routine of curve.c; a step takes at most about 25 ms on the nRF52840. Throws when the engine has no memory in
 * one piece, here or in a step. The engine moves things when it defragments: so addresses are asked for at every call.
 */
export function nativeCurve(engine: NativeEngine, crypto: Pick<CryptoPort, "sha512">, code: string): CurvePort {
  const address = engine.getAddressOf;
  const routine = engine.nativeCall(CURVE, "int(int,int,int)", code) as Routine | undefined;
  if (!routine) throw new Error("no memory in one piece for the curve routine");
  const call: Call = (buffer, command) => {
    const status = routine(address(buffer, true), buffer.length, command);
    if (status === REFUSED) throw new Error("no memory in one piece for work on the curve");
    return status;
  };

  return {
    // The values are copies, because a view would keep the whole buffer in memory.
    publicKey: (privateKey) => new Work(call, PUBLIC, privateKey, 64, (buffer) => new Uint8Array(view(buffer, 0, 32))),

    shared: (privateKey, peerKey) => {
      const work = new Work(call, SHARED, privateKey, 64, (buffer) => new Uint8Array(view(buffer, 0, 32)));
      if (peerKey.length !== 32) throw new Error("bug: a key of " + peerKey.length + " bytes");
      work.buffer.set(peerKey);
      return work;
    },

    sign: (privateKey, publicKey, message) => {
      if (publicKey.length !== 32) throw new Error("bug: a key of " + publicKey.length + " bytes");
      // First of the private key's second half and the message, then of R, the public key and the message.
      const hashed = new Uint8Array(64 + message.length);
      const work = new Work(call, SIGN, privateKey, 64, (buffer) => {
        hashed.set(view(buffer, 0, 32));
        hashed.set(publicKey, 32);
        buffer.set(crypto.sha512(hashed), HASH_AT);
        call(buffer, CLOSE);
        return new Uint8Array(view(buffer, 0, 64));
      });
      hashed.set(view(privateKey, 32, 32), 32);
      hashed.set(message, 64);
      work.buffer.set(crypto.sha512(view(hashed, 32, 32 + message.length)), HASH_AT);
      return work;
    },

    verify: (publicKey, message, signature) => {
      if (publicKey.length !== 32 || signature.length !== 64) return { step: () => true, value: false };
      const work = new Work(call, VERIFY, publicKey, 32, (_, status) => status === READY);
      const hashed = new Uint8Array(64 + message.length);
      hashed.set(signature);
      hashed.set(publicKey, 32);
      hashed.set(message, 64);
      work.buffer.set(signature);
      work.buffer.set(crypto.sha512(hashed), HASH_AT);
      return work;
    },
  };
}
