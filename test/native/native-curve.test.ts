// native-curve.ts over an engine that keeps short arrays in pieces and moves the others at every chance.
import assert from "node:assert/strict";
import { CURVE, CURVE_BLOB } from "../../firmware/native/curve-blob.ts";
import type { NativeEngine } from "../../firmware/native/native-aes.ts";
import { curveCode, nativeCurve } from "../../firmware/native/native-curve.ts";
import { bytesToHex, equalBytes } from "../../protocol/bytes.ts";
import type { CurveWork } from "../../protocol/curve.ts";
import { complete } from "../../protocol/curve.ts";
import { closeSignature, softCurve, timesBase } from "../../protocol/curve25519.ts";
import { moduloOrder } from "../../protocol/ed25519.ts";
import { noCompiler, withCompiler } from "./compiler.ts";
import { ASK, AT, BUFFER, COMMAND, CurveProgram, RESULT } from "./curve-program.ts";
import { fileVectors, RFC_7748, RFC_8032, sha512 } from "./curve-vectors.ts";

/** Espruino 2v29: an array below this length is not in one piece. */
const SHORTEST_FLAT = 20;

type Routine = (buffer: Uint8Array, command: number) => number;

/** E.nativeCall and E.getAddressOf over pretended addresses. */
class PretendedEngine implements NativeEngine {
  private readonly routine: Routine;
  /** Where each buffer lies now. */
  private places = new Map<number, Uint8Array>();
  private nextPlace = 0x20000000;
  calls = 0;

  constructor(routine: Routine) {
    this.routine = routine;
  }

  getAddressOf = (data: unknown, flat: boolean): number => {
    assert.equal(flat, true);
    if (!(data instanceof Uint8Array) || data.buffer.byteLength < SHORTEST_FLAT) return 0;
    this.nextPlace += 0x10000;
    this.places.set(this.nextPlace, data);
    return this.nextPlace;
  };

  nativeCall = (entry: number, signature: string, code: string) => {
    assert.equal(signature, "int(int,int,int)");
    assert.equal(Buffer.from(code, "latin1").toString("base64"), CURVE_BLOB);
    assert.equal(entry, CURVE);
    return (address: number, length: number, command: number): number => {
      this.calls++;
      if (!address) return RESULT.refused;
      const buffer = this.places.get(address);
      assert.ok(buffer, "an address from before the last call leads nowhere");
      this.places.clear(); // Everything moves.
      assert.deepEqual([buffer.length, length], [BUFFER, BUFFER]);
      return this.routine(buffer, command);
    };
  };

  atob = (text: string): string => Buffer.from(text, "base64").toString("latin1");
}

/** The table at the head of curve.c in plain TypeScript: each piece of work takes three calls. */
class PlainRoutine {
  private readonly plain = softCurve({ sha512 });
  private readonly under = new Map<Uint8Array, { command: number; left: number }>();

  readonly call: Routine = (buffer, command) => {
    const [key, hash] = [buffer.slice(AT.key, AT.key + 32), buffer.slice(AT.hash, AT.hash + 64)];
    if (command === COMMAND.close) {
      buffer.set(closeSignature(buffer.slice(AT.scalar, AT.scalar + 32), moduloOrder(hash), key), AT.scalar);
      return RESULT.ready;
    }
    if (command !== COMMAND.step) {
      this.under.set(buffer, { command, left: 2 });
      return RESULT.again;
    }
    const work = this.under.get(buffer);
    if (!work) return RESULT.refused;
    if (--work.left) return RESULT.again;
    this.under.delete(buffer);
    const whole = new Uint8Array([...key, ...new Uint8Array(32)]);
    if (work.command === COMMAND.publicKey) buffer.set(timesBase(key));
    if (work.command === COMMAND.shared) buffer.set(complete(this.plain.shared(whole, buffer.slice(0, 32))));
    if (work.command === COMMAND.sign) {
      buffer.set(moduloOrder(hash), AT.scalar);
      buffer.set(timesBase(moduloOrder(hash)));
    }
    if (work.command !== COMMAND.verify) return RESULT.ready;
    // Which message it is this routine cannot know: but there are only a few.
    const [r, signature] = [buffer.slice(0, 32), buffer.slice(0, 64)];
    const message = MESSAGES.find((one) => equalBytes(sha512(new Uint8Array([...r, ...key, ...one])), hash));
    assert.ok(message, "the hash is that of R, the key and a message");
    return complete(this.plain.verify(key, message, signature)) ? RESULT.ready : RESULT.bad;
  };
}

const MESSAGES = RFC_8032.map(({ message }) => message);
const port = (engine = new PretendedEngine(new PlainRoutine().call)) =>
  nativeCurve(engine, { sha512 }, curveCode(engine.atob));
const hex = (work: CurveWork<Uint8Array>) => bytesToHex(complete(work));

describe("the curve through the engine's native call", () => {
  it("gives public keys, signatures and shared secrets", () => {
    const curve = port();
    for (const { privateKey, publicKey, message, signature } of RFC_8032) {
      assert.equal(hex(curve.publicKey(privateKey)), bytesToHex(publicKey));
      assert.equal(hex(curve.sign(privateKey, publicKey, message)), bytesToHex(signature));
    }
    for (const { privateKey, peerKey, secret } of RFC_7748) {
      assert.equal(hex(curve.shared(privateKey, peerKey)), bytesToHex(secret));
    }
  });

  it("tells a good signature from another one", () => {
    const curve = port();
    const [one, other] = RFC_8032;
    assert.equal(complete(curve.verify(one.publicKey, one.message, one.signature)), true);
    assert.equal(complete(curve.verify(one.publicKey, one.message, other.signature)), false);
    assert.equal(complete(curve.verify(other.publicKey, one.message, one.signature)), false);
    assert.equal(complete(curve.verify(one.publicKey, other.message, one.signature)), false);
  });

  it("makes one native call in each step, and none when it is done", () => {
    const engine = new PretendedEngine(new PlainRoutine().call);
    const { privateKey, publicKey, message } = RFC_8032[0];
    const work = port(engine).sign(privateKey, publicKey, message);
    assert.equal(engine.calls, 0);
    assert.deepEqual([work.step(), engine.calls, work.value], [false, 1, undefined]);
    assert.deepEqual([work.step(), engine.calls, work.value], [false, 2, undefined]);
    assert.deepEqual([work.step(), engine.calls], [true, 4], "the last step closes the signature as well");
    const { value } = work;
    assert.deepEqual([work.step(), engine.calls, work.value], [true, 4, value]);
  });

  it("does several pieces of work at once, and forgets those that are given up", () => {
    const curve = port();
    const [one, other] = RFC_8032;
    curve.publicKey(one.privateKey).step();
    const first = curve.sign(one.privateKey, one.publicKey, one.message);
    const second = curve.sign(other.privateKey, other.publicKey, other.message);
    for (let i = 0; i < 3; i++) assert.equal(first.step(), second.step());
    assert.deepEqual([first.value, second.value], [one.signature, other.signature]);
  });

  it("leaves its arguments as they are, and its value apart from its buffer", () => {
    const { privateKey, publicKey, message, signature } = RFC_8032[2];
    const [secret, key, text] = [privateKey.slice(), publicKey.slice(), message.slice()];
    const made = complete(port().sign(secret, key, text));
    assert.deepEqual([secret, key, text], [privateKey, publicKey, message]);
    assert.deepEqual([made, made.buffer.byteLength], [signature, 64]);
  });

  it("throws when a key of ours has another length, and refuses such keys and signatures of others", () => {
    const curve = port();
    const { privateKey, publicKey, message, signature } = RFC_8032[1];
    assert.throws(() => curve.publicKey(privateKey.slice(1)), /bug: a key of 63 bytes/);
    assert.throws(() => curve.sign(privateKey.slice(0, 32), publicKey, message), /bug: a key of 32 bytes/);
    assert.throws(() => curve.sign(privateKey, privateKey, message), /bug: a key of 64 bytes/);
    assert.throws(() => curve.shared(privateKey, signature), /bug: a key of 64 bytes/);
    assert.equal(complete(curve.verify(publicKey.slice(1), message, signature)), false);
    assert.equal(complete(curve.verify(publicKey, message, signature.slice(1))), false);
    assert.equal(complete(curve.verify(publicKey, message, new Uint8Array(0))), false);
  });

  it("throws when the engine has no memory in one piece", () => {
    const engine = new PretendedEngine(new PlainRoutine().call);
    const { atob, getAddressOf, nativeCall } = engine;
    const { privateKey } = RFC_8032[0];
    assert.throws(
      () => port({ ...engine, atob, getAddressOf, nativeCall: () => undefined } as never),
      /no memory in one/,
    );
    const curve = nativeCurve({ atob, nativeCall, getAddressOf: () => 0 }, { sha512 }, curveCode(atob));
    const work = curve.publicKey(privateKey);
    assert.throws(() => work.step(), /no memory in one piece for work/);
  });

  withCompiler(`agrees with curve.c about its buffer, over all vectors of the files${noCompiler}`, () => {
    const program = new CurveProgram();
    const routine: Routine = (buffer, command) => {
      const [answer] = program.run([{ what: ASK.call, number: command, parts: [[0, buffer]] }]);
      buffer.set(answer.buffer);
      return answer.result;
    };
    try {
      const curve = port(new PretendedEngine(routine));
      const { keys, signed, pairs } = fileVectors();
      for (const { name, privateKey, publicKey } of keys) {
        assert.equal(hex(curve.publicKey(privateKey)), bytesToHex(publicKey), name);
      }
      for (const { name, privateKey, publicKey, message, signature } of signed) {
        assert.equal(hex(curve.sign(privateKey, publicKey, message)), bytesToHex(signature), name);
        assert.equal(complete(curve.verify(publicKey, message, signature)), true, name);
        const wrong = signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
        assert.equal(complete(curve.verify(publicKey, message, wrong)), false, name);
      }
      for (const { name, privateKey, peerKey, secret } of pairs) {
        assert.equal(hex(curve.shared(privateKey, peerKey)), bytesToHex(secret), name);
      }
    } finally {
      program.remove();
    }
  });
});
