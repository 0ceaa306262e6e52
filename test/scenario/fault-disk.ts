// A small disk of its own for one server, which can be filled up.
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** May this user mount a file system? */
export const hasDisks = mounts();

function mounts(): boolean {
  try {
    execFileSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", tmpdir()], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Throws where mounting is not allowed. */
export class SmallDisk {
  /** For the server; it may be removed and made again. */
  readonly dir: string;
  private readonly at: string;
  private readonly filler: string;

  /** Mounted on a directory that is there. */
  constructor(at: string, mib: number) {
    this.at = at;
    this.dir = join(at, "data");
    this.filler = join(at, "filler");
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mib}m`, "none", at], { stdio: "pipe" });
    mkdirSync(this.dir);
  }

  /** Takes all that is left, to the last page. */
  fill(): void {
    const file = openSync(this.filler, "a");
    try {
      for (let size = 1 << 20; size >= 4096; ) {
        if (!fits(file, size)) size >>= 1;
      }
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(this.filler, { force: true });
  }

  remove(): void {
    // What a process that was just killed has open is let go of later.
    execFileSync("umount", ["-l", this.at], { stdio: "pipe" });
  }
}

function fits(file: number, size: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(size)) === size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
}
