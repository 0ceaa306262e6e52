// The native curve routine: its C source on the host, and the Thumb code that was made of it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AES_BLOB } from "../../firmware/native/aes-blob.ts";
import { CURVE, CURVE_BLOB } from "../../firmware/native/curve-blob.ts";
import { complete } from "../../protocol/curve.ts";
import { softCurve } from "../../protocol/curve25519.ts";
import { Curve } from "../../protocol/ed25519.ts";
import { bytes, SEED, seeded } from "../protocol/random.ts";
import {
  AGAIN,
  type Answer,
  BAD,
  BUFFER,
  CALL,
  CLOSE,
  CurveProgram,
  compiler,
  HASH,
  KEY,
  LENGTH,
  NO_ADDRESS,
  noCompiler,
  ODD_ADDRESS,
  POINT,
  PUBLIC,
  READY,
  REFUSED,
  type Request,
  SHARED,
  SIGN,
  STEP,
  VERIFY,
  WHOLE,
  X25519,
} from "./curve-program.ts";
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

const withCompiler = compiler ? it : it.skip;
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
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
      keys.map(({ privateKey }) => ({ what: WHOLE, number: PUBLIC, parts: [[KEY, secretHalf(privateKey)]] })),
    );

  const shared = (pairs: { privateKey: Uint8Array; peerKey: Uint8Array }[]): Answer[] =>
    program.run(
      pairs.map(({ privateKey, peerKey }) => ({
        what: WHOLE,
        number: SHARED,
        parts: [
          [POINT, peerKey],
          [KEY, secretHalf(privateKey)],
        ],
      })),
    );

  /** SIGN, then CLOSE on what it left. */
  function sign(cases: (Keys & { message: Uint8Array })[]): Answer[] {
    const first = program.run(
      cases.map(({ privateKey, message }) => ({
        what: WHOLE,
        number: SIGN,
        parts: [
          [KEY, secretHalf(privateKey)],
          [HASH, sha512(join(privateKey.slice(32), message))],
        ],
      })),
    );
    return program.run(
      first.map(({ result, buffer }, i) => {
        assert.equal(result, READY);
        const hash = sha512(join(buffer.subarray(POINT, 32), cases[i].publicKey, cases[i].message));
        return {
          what: CALL,
          number: CLOSE,
          parts: [
            [0, buffer],
            [HASH, hash],
          ],
        };
      }),
    );
  }

  const verify = (cases: { publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array }[]): Answer[] =>
    program.run(
      cases.map(({ publicKey, message, signature }) => ({
        what: WHOLE,
        number: VERIFY,
        parts: [
          [POINT, signature],
          [KEY, publicKey],
          [HASH, sha512(join(signature.slice(0, 32), publicKey, message))],
        ],
      })),
    );

  /** All bytes of the buffer from `from` are 0. */
  function assertErased(answer: Answer, from: number, name: string): void {
    assert.equal(hex(answer.buffer.subarray(from)), "00".repeat(BUFFER - from), `${name} left something in the buffer`);
  }

  function assertKeys(keys: (Keys & { name: string })[]): void {
    publicKeys(keys).forEach((answer, i) => {
      assert.equal(answer.result, READY);
      assert.equal(hex(answer.buffer.subarray(POINT, 32)), hex(keys[i].publicKey), keys[i].name);
      assertErased(answer, 32, keys[i].name);
    });
  }

  function assertSecrets(pairs: Pair[]): void {
    shared(pairs).forEach((answer, i) => {
      assert.equal(answer.result, READY);
      assert.equal(hex(answer.buffer.subarray(POINT, 32)), hex(pairs[i].secret), pairs[i].name);
      assertErased(answer, 32, pairs[i].name);
    });
  }

  function assertSignatures(signed: Signed[]): void {
    sign(signed).forEach((answer, i) => {
      assert.equal(answer.result, READY);
      assert.equal(hex(answer.buffer.subarray(POINT, 64)), hex(signed[i].signature), signed[i].name);
      assertErased(answer, 64, signed[i].name);
    });
    verify(signed).forEach(({ result }, i) => {
      assert.equal(result, READY, signed[i].name);
    });
  }

  withCompiler(`agrees with RFC 7748${noCompiler}`, () => {
    assertSecrets(RFC_7748);
    const nine = bytesOf(9n);
    const parts: Request["parts"] = [
      [POINT, nine],
      [KEY, nine],
    ];
    for (const [times, result] of RFC_7748_ITERATED) {
      const [answer] = program.run([{ what: X25519, number: times, parts }]);
      assert.equal(hex(answer.buffer.subarray(POINT, 32)), result, `${times} times`);
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
        assert.equal(result, BAD, `bit ${i}`);
      });
    },
  );

  withCompiler(`refuses an S of the order or more${noCompiler}`, () => {
    const cases = RFC_8032.map((one) => {
      const s = numberOf(one.signature.slice(32)) + ORDER;
      return { ...one, signature: join(one.signature.slice(0, 32), bytesOf(s)) };
    });
    for (const { result, calls } of verify(cases)) assert.deepEqual([result, calls], [BAD, 1]);
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
      [READY, READY, BAD, BAD],
    );
  });

  withCompiler(
    `agrees with the plain code about keys that are none, of small order or of p and more${noCompiler}`,
    () => {
      const curve = softCurve({ sha512 });
      const [own] = RFC_8032;
      const pairs = oddKeys().map((peerKey) => ({ privateKey: own.privateKey, peerKey }));
      shared(pairs).forEach(({ result, buffer }, i) => {
        assert.equal(result, READY);
        const plain = complete(curve.shared(own.privateKey, pairs[i].peerKey));
        assert.equal(hex(buffer.subarray(POINT, 32)), hex(plain), hex(pairs[i].peerKey));
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
        assert.equal(result === READY, plain, `${hex(publicKey)}, message ${i % 8}`);
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
      assert.deepEqual([result, calls], [BAD, isPoint ? 6 : 1], hex(publicKeys[i]));
      if (!isPoint) none++;
    });
    assert.ok(none > 20 && none < 100, `${none}`);
  });

  withCompiler(`divides each piece of work into 4 to 6 calls${noCompiler}`, () => {
    const [one] = RFC_8032;
    assert.deepEqual([publicKeys([one])[0].calls, shared(RFC_7748)[0].calls, verify([one])[0].calls], [4, 4, 6]);
    const first = program.run([{ what: CALL, number: PUBLIC, parts: [[KEY, secretHalf(one.privateKey)]] }]);
    assert.equal(first[0].result, AGAIN);
  });

  withCompiler(`refuses a buffer of another length, at another place, and a command out of turn${noCompiler}`, () => {
    const filled = new Uint8Array(BUFFER).fill(0x5a);
    const parts: Request["parts"] = [[0, filled]];
    // 40 is where the buffer keeps its last command.
    const idle: Request["parts"] = [...parts, [4 * 40, new Uint8Array(4)]];
    const answers = program.run([
      { what: LENGTH, number: BUFFER - 1, parts },
      { what: LENGTH, number: BUFFER + 4, parts },
      { what: NO_ADDRESS, number: 0, parts },
      { what: ODD_ADDRESS, number: 0, parts },
      { what: CALL, number: 6, parts },
      { what: CALL, number: 0xffffffff, parts },
      { what: CALL, number: CLOSE, parts },
    ]);
    for (const { result, buffer } of answers) {
      assert.equal(result, REFUSED);
      assert.deepEqual(new Uint8Array(buffer), filled);
    }
    assert.equal(program.run([{ what: CALL, number: STEP, parts: idle }])[0].result, REFUSED);
  });

  withCompiler(`gives one signature from one nonce and no second${noCompiler}`, () => {
    const [done] = sign([RFC_8032[0]]);
    const again = program.run([
      { what: CALL, number: CLOSE, parts: [[0, done.buffer]] },
      { what: CALL, number: STEP, parts: [[0, done.buffer]] },
    ]);
    assert.deepEqual(
      again.map(({ result }) => result),
      [REFUSED, REFUSED],
    );
  });
});

describe("curve-blob.ts", () => {
  const answer = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: "utf8" });
  const text = readFileSync(file("../../firmware/native/curve-blob.ts"), "utf8");
  const made = /arm-none-eabi-gcc ([\d.]+)\. /.exec(text)?.[1];
  const here = answer("arm-none-eabi-gcc", "-dumpfullversion").stdout?.trim();

  it("names the compiler that made it", () => {
    assert.ok(made);
  });

  const withThumb = here === made ? it : it.skip;
  const noThumb = here === made ? "" : ` (arm-none-eabi-gcc ${made} not found)`;
  withThumb(`is what its compiler makes of curve.c${noThumb}`, () => {
    const check = answer(process.execPath, file("../../firmware/native/build.mjs"), "--check");
    assert.equal(check.status, 0, check.stderr);
  });

  it("holds at most 3,000 bytes of code and its entry, and at most 6 KiB with the AES routine", () => {
    const code = Buffer.from(CURVE_BLOB, "base64");
    assert.equal(code.toString("base64"), CURVE_BLOB);
    assert.ok(code.length <= 3000, `${code.length} bytes`);
    assert.ok(code.length + Buffer.from(AES_BLOB, "base64").length <= 6144);
    assert.equal(CURVE & 1, 1, "the engine must be told that it is Thumb code");
    assert.ok(CURVE < code.length);
  });
});
