// The native curve routine: its C source on the host, and the Thumb code that was made of it.
import assert from "node:assert/strict";
import { CURVE, CURVE_BLOB } from "../../firmware/native/curve-blob.ts";
import { complete } from "../../protocol/curve.ts";
import { softCurve } from "../../protocol/curve25519.ts";
import { Curve } from "../../protocol/ed25519.ts";
import { bytes, SEED, seeded } from "../protocol/random.ts";
import { describeBlob } from "./blob.ts";
import { compiler, noCompiler, withCompiler } from "./compiler.ts";
import { type Answer, ASK, AT, BUFFER, COMMAND, CurveProgram, RESULT, type Request } from "./curve-program.ts";
import {
  bytesOf,
  fileVectors,
  inverse,
  type Keys,
  numberOf,
  ORDER,
  oddKeys,
  P,
  type Pair,
  RFC_7748,
  RFC_7748_ITERATED,
  RFC_8032,
  randomPairs,
  randomSigned,
  type Signed,
  sha512,
} from "./curve-vectors.ts";

const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");
const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const secretHalf = (key: Uint8Array) => key.slice(0, 32);

describe("curve.c on this machine", () => {
  let program: CurveProgram;
  before(() => {
    if (compiler) program = new CurveProgram();
  });
  after(() => {
    if (compiler) program.remove();
  });

  const publicKeys = (keys: { privateKey: Uint8Array }[]): Answer[] =>
    program.run(
      keys.map(({ privateKey }) => ({
        what: ASK.whole,
        number: COMMAND.publicKey,
        parts: [[AT.key, secretHalf(privateKey)]],
      })),
    );

  const shared = (pairs: { privateKey: Uint8Array; peerKey: Uint8Array }[]): Answer[] =>
    program.run(
      pairs.map(({ privateKey, peerKey }) => ({
        what: ASK.whole,
        number: COMMAND.shared,
        parts: [
          [AT.point, peerKey],
          [AT.key, secretHalf(privateKey)],
        ],
      })),
    );

  /** SIGN, then CLOSE on what it left. */
  function sign(cases: (Keys & { message: Uint8Array })[]): Answer[] {
    const first = program.run(
      cases.map(({ privateKey, message }) => ({
        what: ASK.whole,
        number: COMMAND.sign,
        parts: [
          [AT.key, secretHalf(privateKey)],
          [AT.hash, sha512(join(privateKey.slice(32), message))],
        ],
      })),
    );
    return program.run(
      first.map(({ result, buffer }, i) => {
        assert.equal(result, RESULT.ready);
        const hash = sha512(join(buffer.subarray(AT.point, 32), cases[i].publicKey, cases[i].message));
        return {
          what: ASK.call,
          number: COMMAND.close,
          parts: [
            [0, buffer],
            [AT.hash, hash],
          ],
        };
      }),
    );
  }

  const verify = (cases: { publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array }[]): Answer[] =>
    program.run(
      cases.map(({ publicKey, message, signature }) => ({
        what: ASK.whole,
        number: COMMAND.verify,
        parts: [
          [AT.point, signature],
          [AT.key, publicKey],
          [AT.hash, sha512(join(signature.slice(0, 32), publicKey, message))],
        ],
      })),
    );

  /** All bytes of the buffer from `from` are 0. */
  function assertErased(answer: Answer, from: number, name: string): void {
    assert.equal(hex(answer.buffer.subarray(from)), "00".repeat(BUFFER - from), `${name} left something in the buffer`);
  }

  function assertKeys(keys: (Keys & { name: string })[]): void {
    publicKeys(keys).forEach((answer, i) => {
      assert.equal(answer.result, RESULT.ready);
      assert.equal(hex(answer.buffer.subarray(AT.point, 32)), hex(keys[i].publicKey), keys[i].name);
      assertErased(answer, 32, keys[i].name);
    });
  }

  function assertSecrets(pairs: Pair[]): void {
    shared(pairs).forEach((answer, i) => {
      assert.equal(answer.result, RESULT.ready);
      assert.equal(hex(answer.buffer.subarray(AT.point, 32)), hex(pairs[i].secret), pairs[i].name);
      assertErased(answer, 32, pairs[i].name);
    });
  }

  function assertSignatures(signed: Signed[]): void {
    sign(signed).forEach((answer, i) => {
      assert.equal(answer.result, RESULT.ready);
      assert.equal(hex(answer.buffer.subarray(AT.point, 64)), hex(signed[i].signature), signed[i].name);
      assertErased(answer, 64, signed[i].name);
    });
    verify(signed).forEach(({ result }, i) => {
      assert.equal(result, RESULT.ready, signed[i].name);
    });
  }

  withCompiler(`agrees with RFC 7748${noCompiler}`, () => {
    assertSecrets(RFC_7748);
    const nine = bytesOf(9n);
    const parts: Request["parts"] = [
      [AT.point, nine],
      [AT.key, nine],
    ];
    for (const [times, result] of RFC_7748_ITERATED) {
      const [answer] = program.run([{ what: ASK.x25519, number: times, parts }]);
      assert.equal(hex(answer.buffer.subarray(AT.point, 32)), result, `${times} times`);
    }
  });

  withCompiler(`agrees with RFC 8032${noCompiler}`, () => {
    assertKeys(RFC_8032);
    assertSignatures(RFC_8032);
  });

  withCompiler(`agrees with the keys, signatures and shared secrets of the vector files${noCompiler}`, () => {
    const { keys, signed, pairs } = fileVectors();
    assert.ok(keys.length > 5 && signed.length > 10 && pairs.length > 5);
    assertKeys(keys);
    assertSignatures(signed);
    assertSecrets(pairs);
  });

  withCompiler(`agrees with node:crypto in 200 random cases, seed ${SEED}${noCompiler}`, () => {
    const random = seeded();
    const signed = randomSigned(random, 200);
    assertKeys(signed);
    assertSignatures(signed);
    assertSecrets(randomPairs(random, 200));
  });

  withCompiler(
    `finds each bit that is turned in a signature, in a key, in a message, seed ${SEED}${noCompiler}`,
    () => {
      const [good] = randomSigned(seeded(), 1);
      const turned = (data: Uint8Array, bit: number) =>
        data.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      const wrong = [
        ...Array.from({ length: 512 }, (_, bit) => ({ ...good, signature: turned(good.signature, bit) })),
        ...Array.from({ length: 256 }, (_, bit) => ({ ...good, publicKey: turned(good.publicKey, bit) })),
        { ...good, message: join(good.message, new Uint8Array(1)) },
      ];
      verify(wrong).forEach(({ result }, i) => {
        assert.equal(result, RESULT.bad, `bit ${i}`);
      });
    },
  );

  withCompiler(`refuses an S of the order or more${noCompiler}`, () => {
    const cases = RFC_8032.map((one) => {
      const s = numberOf(one.signature.slice(32)) + ORDER;
      return { ...one, signature: join(one.signature.slice(0, 32), bytesOf(s)) };
    });
    for (const { result, calls } of verify(cases)) assert.deepEqual([result, calls], [RESULT.bad, 1]);
    // With the neutral point as the key, R = S B is a good signature: so the limit itself can be tried.
    const [neutral, zero] = [bytesOf(1n), bytesOf(0n)];
    const at = (r: Uint8Array, s: bigint) => ({
      publicKey: neutral,
      message: zero,
      signature: join(r, bytesOf(s)),
    });
    const minusBase = bytesOf(((4n * inverse(5n)) % P) + 2n ** 255n);
    const results = verify([
      at(neutral, 0n),
      at(minusBase, ORDER - 1n),
      at(neutral, ORDER),
      at(neutral, 2n ** 256n - 1n),
    ]);
    assert.deepEqual(
      results.map(({ result }) => result),
      [RESULT.ready, RESULT.ready, RESULT.bad, RESULT.bad],
    );
  });

  withCompiler(
    `agrees with the plain code about keys that are none, of small order or of p and more${noCompiler}`,
    () => {
      const curve = softCurve({ sha512 });
      const [own] = RFC_8032;
      const pairs = oddKeys().map((peerKey) => ({ privateKey: own.privateKey, peerKey }));
      shared(pairs).forEach(({ result, buffer }, i) => {
        assert.equal(result, RESULT.ready);
        const plain = complete(curve.shared(own.privateKey, pairs[i].peerKey));
        assert.equal(hex(buffer.subarray(AT.point, 32)), hex(plain), hex(pairs[i].peerKey));
      });
      const claims = oddKeys().flatMap((publicKey) =>
        // With R the neutral point and S = 0, a key of order n has signed each nth message or so.
        Array.from({ length: 8 }, (_, i) => ({
          publicKey,
          message: new Uint8Array([i]),
          signature: join(bytesOf(1n), bytesOf(0n)),
        })),
      );
      let good = 0;
      verify(claims).forEach(({ result }, i) => {
        const { publicKey, message, signature } = claims[i];
        const plain = complete(curve.verify(publicKey, message, signature));
        assert.equal(result === RESULT.ready, plain, `${hex(publicKey)}, message ${i % 8}`);
        if (plain) good++;
      });
      assert.ok(good > 8 && good < claims.length / 2, `${good} of ${claims.length}`);
    },
  );

  withCompiler(`refuses a key that is no point of the curve in the first call, seed ${SEED}${noCompiler}`, () => {
    const random = seeded();
    const curve = new Curve();
    const publicKeys = [...oddKeys(), ...Array.from({ length: 100 }, () => bytes(random, 32))];
    const [{ message, signature }] = RFC_8032;
    const answers = verify(publicKeys.map((publicKey) => ({ publicKey, message, signature })));
    let none = 0;
    answers.forEach(({ result, calls }, i) => {
      const isPoint = curve.point(publicKeys[i]) !== null;
      assert.deepEqual([result, calls], [RESULT.bad, isPoint ? 6 : 1], hex(publicKeys[i]));
      if (!isPoint) none++;
    });
    assert.ok(none > 20 && none < 100, `${none}`);
  });

  withCompiler(`divides each piece of work into 4 to 6 calls${noCompiler}`, () => {
    const [one] = RFC_8032;
    assert.deepEqual([publicKeys([one])[0].calls, shared(RFC_7748)[0].calls, verify([one])[0].calls], [4, 4, 6]);
    const first = program.run([
      { what: ASK.call, number: COMMAND.publicKey, parts: [[AT.key, secretHalf(one.privateKey)]] },
    ]);
    assert.equal(first[0].result, RESULT.again);
  });

  withCompiler(`refuses a buffer of another length, at another place, and a command out of turn${noCompiler}`, () => {
    const filled = new Uint8Array(BUFFER).fill(0x5a);
    const parts: Request["parts"] = [[0, filled]];
    // 40 is where the buffer keeps its last command.
    const idle: Request["parts"] = [...parts, [4 * 40, new Uint8Array(4)]];
    const answers = program.run([
      { what: ASK.length, number: BUFFER - 1, parts },
      { what: ASK.length, number: BUFFER + 4, parts },
      { what: ASK.noAddress, number: 0, parts },
      { what: ASK.oddAddress, number: 0, parts },
      { what: ASK.call, number: 6, parts },
      { what: ASK.call, number: 0xffffffff, parts },
      { what: ASK.call, number: COMMAND.close, parts },
    ]);
    for (const { result, buffer } of answers) {
      assert.equal(result, RESULT.refused);
      assert.deepEqual(new Uint8Array(buffer), filled);
    }
    assert.equal(program.run([{ what: ASK.call, number: COMMAND.step, parts: idle }])[0].result, RESULT.refused);
  });

  withCompiler(`gives one signature from one nonce and no second${noCompiler}`, () => {
    const [done] = sign([RFC_8032[0]]);
    const again = program.run([
      { what: ASK.call, number: COMMAND.close, parts: [[0, done.buffer]] },
      { what: ASK.call, number: COMMAND.step, parts: [[0, done.buffer]] },
    ]);
    assert.deepEqual(
      again.map(({ result }) => result),
      [RESULT.refused, RESULT.refused],
    );
  });
});

describeBlob("curve", CURVE_BLOB, [CURVE], 3000);
