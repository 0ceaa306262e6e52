// Questions to the engine's prompt, through the `espruino` package.
import { Worker } from "node:worker_threads";
import { RoomError } from "../errors.ts";
import type { Line } from "./line.ts";

type ToWorker = { type: "bytes"; data: Uint8Array } | { type: "ask"; id: number; code: string; seconds: number };
type FromWorker =
  | { type: "ready" }
  | { type: "write"; text: string }
  /** `result` is undefined when no answer came; `seen` is what came besides. */
  | { type: "answer"; id: number; result: string | undefined; seen: string };

/** Whoever evaluates code on the board. */
export interface Engine {
  /**
   * The value of an expression, as JSON carries it. Throws RoomError `engine_error` with the engine's own words, `engine_silent`
   * when nothing comes in `seconds`, `board_gone`.
   */
  ask(code: string, seconds?: number): Promise<unknown>;
}

const SECONDS = 10;

export class EnginePrompt implements Engine {
  private readonly line: Line;
  private readonly worker: Worker;
  private readonly waiting = new Map<number, (answer: FromWorker & { type: "answer" }) => void>();
  private failed: (error: Error) => void = () => undefined;
  private readonly failure: Promise<never>;
  private lastId = 0;

  private constructor(line: Line, worker: Worker) {
    this.line = line;
    this.worker = worker;
    this.failure = new Promise<never>((_, reject) => {
      this.failed = reject;
    });
    this.failure.catch(() => undefined);
  }

  /** The line must be at the prompt. `stop()` ends the worker and leaves the line open. */
  static async start(line: Line): Promise<EnginePrompt> {
    // What the package prints stays in the worker: nobody reads it.
    const worker = new Worker(new URL("./espruino-worker.mjs", import.meta.url), { stdout: true, stderr: true });
    worker.stdout.resume();
    worker.stderr.resume();
    const prompt = new EnginePrompt(line, worker);
    const ready = new Promise<void>((resolve) => {
      worker.on("message", (message: FromWorker) => {
        if (message.type === "ready") resolve();
        else if (message.type === "write") prompt.write(message.text);
        else prompt.waiting.get(message.id)?.(message);
      });
    });
    worker.on("error", (error) => prompt.failed(error));
    line.listen((data) => prompt.post({ type: "bytes", data }), true);
    await Promise.race([line.during(ready), prompt.failure]);
    return prompt;
  }

  async ask(code: string, seconds = SECONDS): Promise<unknown> {
    const id = ++this.lastId;
    const answered = new Promise<FromWorker & { type: "answer" }>((resolve) => this.waiting.set(id, resolve));
    this.post({ type: "ask", id, code: `(function(){try{return[1,${code}]}catch(e){return[0,""+e]}})()`, seconds });
    try {
      const { result, seen } = await Promise.race([this.line.during(answered), this.failure]);
      const [isFine, value] = parse(result) ?? [];
      if (isFine === 1) return value;
      if (isFine === 0) throw new RoomError("engine_error", "the engine reports an error", { found: String(value) });
      const found = seen.trim() === "" ? "no answer" : JSON.stringify(seen.trim().slice(-120));
      throw new RoomError("engine_silent", "the engine's prompt gives no answer", { found });
    } finally {
      this.waiting.delete(id);
    }
  }

  async stop(): Promise<void> {
    this.line.listen(() => undefined);
    await this.worker.terminate();
  }

  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private write(text: string): void {
    if (this.line.closed === null) this.line.write(text);
  }
}

function parse(result: string | undefined): [number, unknown] | null {
  try {
    return result === undefined ? null : JSON.parse(result);
  } catch {
    // Something was printed in between.
    return null;
  }
}
