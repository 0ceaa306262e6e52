// curve.c compiled for this machine, and the engine that runs it instead of its Thumb code.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The buffer of curve.c: its length, and what lies where. */
export const BUFFER = 680;
export const POINT = 0;
export const SCALAR = 32;
export const KEY = 64;
export const HASH = 96;
/** Its commands and results. */
export const [STEP, PUBLIC, SHARED, SIGN, CLOSE, VERIFY] = [0, 1, 2, 3, 4, 5];
export const [READY, AGAIN, BAD, REFUSED] = [0, 1, 2, 3];
/** What curve-host.c is asked for, and its operations on the field. */
export const [CALL, WHOLE, LENGTH, NO_ADDRESS, ODD_ADDRESS, FIELD, X25519] = [0, 1, 2, 3, 4, 5, 6];
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

export const compiler = spawnSync("cc", ["--version"]).status === 0;
/** The end of a title where cc is missing. */
export const noCompiler = compiler ? "" : " (C compiler cc not found)";

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
