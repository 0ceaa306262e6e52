// The arithmetic under the native curve routine, from its C source on the host.
import assert from "node:assert/strict";
import { bytes, SEED, seeded } from "../protocol/random.ts";
import { compiler, noCompiler, withCompiler } from "./compiler.ts";
import { ASK, AT, CurveProgram, FIELD_OPERATIONS } from "./curve-program.ts";
import { bytesOf, inverse, numberOf, ORDER, P } from "./curve-vectors.ts";

describe("the arithmetic of curve.c on this machine", () => {
  let program: CurveProgram;
  before(() => {
    if (compiler) program = new CurveProgram();
  });
  after(() => {
    if (compiler) program.remove();
  });

  withCompiler(`calculates modulo p for all operands below 2^256, seed ${SEED}${noCompiler}`, () => {
    const random = seeded();
    const edges = [0n, 1n, 2n, 18n, 19n, 20n, 37n, 38n, 39n, 2n ** 32n - 1n, 2n ** 224n].flatMap((n) =>
      [n, P - n, P + n, 2n * P - n, 2n ** 255n - n, 2n ** 255n + n, 2n ** 256n - 1n - n].filter(
        (m) => m >= 0n && m < 2n ** 256n,
      ),
    );
    const operands = [...new Set(edges), ...Array.from({ length: 40 }, () => numberOf(bytes(random, 32)))];
    const mod = (n: bigint) => ((n % P) + P) % P;
    const expected = {
      times: (a: bigint, b: bigint) => mod(a * b),
      plus: (a: bigint, b: bigint) => mod(a + b),
      minus: (a: bigint, b: bigint) => mod(a - b),
      plusA24: (a: bigint, b: bigint) => mod(a + 121665n * b),
      invert: (a: bigint) => inverse(a),
      pack: (a: bigint) => mod(a),
    };
    for (const [name, calculate] of Object.entries(expected)) {
      const number = FIELD_OPERATIONS.indexOf(name as keyof typeof expected);
      const pairs = operands.flatMap((a) => (calculate.length === 1 ? [[a, 0n]] : operands.map((b) => [a, b])));
      const answers = program.run(
        pairs.map(([a, b]) => ({
          what: ASK.field,
          number,
          parts: [
            [AT.point, bytesOf(a)],
            [AT.scalar, bytesOf(b)],
          ],
        })),
      );
      answers.forEach(({ buffer }, i) => {
        const [a, b] = pairs[i];
        const found = numberOf(buffer.subarray(AT.point, 32));
        // Only pack() must give the least one.
        assert.equal(name === "pack" ? found : mod(found), calculate(a, b), `${name} of ${a} and ${b}`);
      });
    }
  });

  withCompiler(`calculates modulo the order for all numbers of 64 bytes, seed ${SEED}${noCompiler}`, () => {
    const random = seeded();
    const wide = (n: bigint) => Buffer.from(n.toString(16).padStart(128, "0"), "hex").reverse();
    const all = 2n ** 512n - 1n;
    const edges = [0n, 1n, 2n ** 252n, ORDER, 16n * ORDER, 2n ** 256n, 2n ** 504n, ORDER * (all / ORDER), all].flatMap(
      (n) => [n - 1n, n, n + 1n].filter((m) => m >= 0n && m <= all),
    );
    const numbers = [...edges, ...Array.from({ length: 200 }, () => numberOf(bytes(random, 64)))];
    const number = FIELD_OPERATIONS.indexOf("moduloOrder");
    const answers = program.run(numbers.map((n) => ({ what: ASK.field, number, parts: [[AT.point, wide(n)]] })));
    answers.forEach(({ buffer }, i) => {
      assert.equal(numberOf(buffer.subarray(AT.point, 32)), numbers[i] % ORDER, `${numbers[i]}`);
    });
  });
});
