import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Directories for one test file; `clean` in an afterEach takes them away. */
export class Scratch {
  private made: string[] = [];

  dir(): string {
    const path = mkdtempSync(join(tmpdir(), "meshcore-room-"));
    this.made.push(path);
    return path;
  }

  clean(): void {
    for (const path of this.made) rmSync(path, { recursive: true, force: true });
    this.made = [];
  }
}
