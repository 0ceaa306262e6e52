// curve.c compiled for this machine, and the engine that runs it instead of its Thumb code.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The buffer of curve.c: its length, and what lies where. */
export const BUFFER = 680;
export const AT = { point: 0, scalar: 32, key: 64, hash: 96 };
/** Its commands and results. */
export const COMMAND = { step: 0, publicKey: 1, shared: 2, sign: 3, close: 4, verify: 5 };
export const RESULT = { ready: 0, again: 1, bad: 2, refused: 3 };
/** What curve-host.c is asked for, and its operations on the field. */
export const ASK = { call: 0, whole: 1, length: 2, noAddress: 3, oddAddress: 4, field: 5, x25519: 6 };
export const FIELD_OPERATIONS = ["times", "plus", "minus", "plusA24", "invert", "pack", "moduloOrder"] as const;

export interface Request {
  what: number;
  number: number;
  /** What lies where in a buffer that is empty otherwise. */
  parts?: [number, Uint8Array][];
}
export interface Answer {
  result: number;
  calls: number;
  buffer: Buffer;
}

export class CurveProgram {
  private readonly folder = mkdtempSync(join(tmpdir(), "meshcore-room-curve-"));
  private readonly program = join(this.folder, "curve");

  constructor() {
    const source = fileURLToPath(new URL("curve-host.c", import.meta.url));
    const made = spawnSync("cc", ["-O1", "-o", this.program, source], { encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);
  }

  run(requests: Request[]): Answer[] {
    const input = requests.map(({ what, number, parts }) => {
      const request = Buffer.alloc(8 + BUFFER);
      request.writeUInt32LE(what, 0);
      request.writeUInt32LE(number, 4);
      for (const [at, bytes] of parts ?? []) request.set(bytes, 8 + at);
      return request;
    });
    const { status, stdout } = spawnSync(this.program, { input: Buffer.concat(input), maxBuffer: 2 ** 26 });
    assert.equal(status, 0);
    assert.equal(stdout.length, input.length * (8 + BUFFER));
    return input.map((_, i) => {
      const answer = stdout.subarray(i * (8 + BUFFER), (i + 1) * (8 + BUFFER));
      return { result: answer.readUInt32LE(0), calls: answer.readUInt32LE(4), buffer: answer.subarray(8) };
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
