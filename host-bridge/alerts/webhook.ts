import { createHmac, randomUUID } from "node:crypto";
import { request as plain } from "node:http";
import { request as tls } from "node:https";
import { believableUnixS, type Clock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../log.ts";
import type { Notice } from "./alert.ts";
import { isQuiet } from "./quiet-hours.ts";

export interface WebhookParts {
  clock: Clock;
  log: Log;
  /** From 0 to 1. */
  random: () => number;
  /** `alerts` of the configuration as it is now. */
  settings: () => Config["alerts"];
  /** What outlasts a restart. */
  shelf: HookShelf;
}

/** Where notices wait on the disk. Each may throw: then they wait in memory alone. */
export interface HookShelf {
  hooks(): StoredHook[];
  addHook(hook: StoredHook): void;
  removeHook(id: string): void;
}

export interface StoredHook {
  /** Of the delivery, the same at each try. */
  id: string;
  /** The same for an alert and its end. */
  key: string;
  /** JSON, as it is sent. */
  body: string;
}

type Hook = StoredHook & { state: Notice["state"]; isQuiet: boolean };

const MAX_WAITING = 1000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 300_000;
const QUIET_LOOK_MS = 30_000;
const ANSWER_MS = 10_000;
/** Try again: the receiver is busy, or out of order. Any other refusal stays one. */
const PASSING = [408, 425, 429, 500, 502, 503, 504];

/** Posts each notice to `alerts.webhook`, in order, until it is taken. */
export class Webhook {
  sent = 0;
  dropped = 0;
  private readonly parts: WebhookParts;
  private readonly waiting: Hook[] = [];
  private retryMs = FIRST_RETRY_MS;
  /** No try before that moment of the monotonic clock, however many alerts come. */
  private notBeforeMs = 0;
  private isSending = false;
  private isStopped = true;
  private cancelWake: () => void = () => undefined;
  private abort: (() => void) | null = null;
  private trouble = "";

  constructor(parts: WebhookParts) {
    this.parts = parts;
  }

  /** Begins with what an earlier run has left. Returns the stop. */
  start(): () => void {
    this.isStopped = false;
    for (const hook of this.shelved(() => this.parts.shelf.hooks()) ?? []) {
      const { state } = JSON.parse(hook.body) as Notice;
      this.waiting.push({ ...hook, state, isQuiet: false });
    }
    this.wake();
    return () => {
      this.isStopped = true;
      this.cancelWake();
      this.abort?.();
    };
  }

  queued(): number {
    return this.waiting.length;
  }

  notify(key: string, notice: Notice): void {
    if (this.parts.settings().webhook === null) return;
    const quiet = this.isQuietNow();
    const before = this.waiting.findLast((one) => one.key === key);
    if (quiet && before?.isQuiet === true && notice.state === "ok" && !(this.isSending && before === this.waiting[0])) {
      // Nobody was told, so nobody need hear that it is over.
      this.remove(before);
      return;
    }
    const hook = { id: randomUUID(), key, body: JSON.stringify(notice) };
    if (this.waiting.length >= MAX_WAITING) this.drop();
    this.shelved(() => this.parts.shelf.addHook(hook));
    this.waiting.push({ ...hook, state: notice.state, isQuiet: quiet });
    this.wake();
  }

  private wake(): void {
    if (this.isSending || this.isStopped) return;
    this.cancelWake();
    const [hook] = this.waiting;
    if (hook === undefined) return;
    const { clock, settings } = this.parts;
    const { webhook } = settings();
    if (webhook === null || this.isQuietNow()) {
      this.cancelWake = clock.after(QUIET_LOOK_MS, () => this.wake());
      return;
    }
    const waitMs = this.notBeforeMs - clock.nowMs();
    if (waitMs > 0) {
      this.cancelWake = clock.after(waitMs, () => this.wake());
      return;
    }
    this.isSending = true;
    this.send(webhook, hook, (fault) => {
      this.isSending = false;
      if (this.isStopped) return;
      this.onAnswer(hook, fault);
    });
  }

  private onAnswer(hook: Hook, fault: Fault | null): void {
    const { log, clock, random } = this.parts;
    if (fault === null) {
      this.sent++;
      if (this.trouble !== "") log.info("the webhook takes alerts again");
      this.trouble = "";
    } else {
      if (fault.text !== this.trouble) log.warn(`the webhook does not take an alert: ${fault.text}`);
      this.trouble = fault.text;
    }
    if (fault?.isPassing) {
      const delayMs = Math.max(this.retryMs * (0.75 + random() / 2), fault.retryAfterMs);
      this.retryMs = Math.min(2 * this.retryMs, LAST_RETRY_MS);
      this.notBeforeMs = clock.nowMs() + Math.min(delayMs, LAST_RETRY_MS);
      this.wake();
      return;
    }
    this.retryMs = FIRST_RETRY_MS;
    if (fault !== null) this.dropped++;
    this.remove(hook);
    this.wake();
  }

  private send(url: string, { id, body }: Hook, done: (fault: Fault | null) => void): void {
    let isDone = false;
    const end = (fault: Fault | null): void => {
      if (isDone) return;
      isDone = true;
      cancel();
      this.abort = null;
      done(fault);
    };
    const open = url.startsWith("https:") ? tls : plain;
    const request = open(url, { method: "POST", headers: this.headers(id, body), agent: false }, (response) => {
      // The answer's text is nobody's business, however long it is.
      response.destroy();
      const code = response.statusCode ?? 0;
      const after = Number(response.headers["retry-after"] ?? 0);
      const retryAfterMs = Number.isFinite(after) ? after * 1000 : 0;
      if (code >= 200 && code < 300) end(null);
      else end({ text: `it answers ${code}`, isPassing: PASSING.includes(code), retryAfterMs });
    });
    const fail = (text: string): void => {
      request.destroy();
      end({ text, isPassing: true, retryAfterMs: 0 });
    };
    // Errors name the address, which is a secret.
    request.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? "no connection"));
    const cancel = this.parts.clock.after(ANSWER_MS, () => fail("no answer"));
    this.abort = () => fail("stopped");
    request.end(body);
  }

  private headers(id: string, body: string): Record<string, string> {
    const { webhookSecret } = this.parts.settings();
    const timestamp = String(believableUnixS(this.parts.clock));
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      "user-agent": "meshcore-room",
      "x-meshcore-delivery": id,
      "x-meshcore-timestamp": timestamp,
    };
    if (webhookSecret !== null) {
      const mac = createHmac("sha256", webhookSecret).update(`${timestamp}.${body}`).digest("hex");
      headers["x-meshcore-signature"] = `sha256=${mac}`;
    }
    return headers;
  }

  /** Makes room for one more: the oldest goes that is not on its way. */
  private drop(): void {
    const victim = this.waiting[this.isSending ? 1 : 0];
    this.dropped++;
    if (this.dropped === 1 || this.dropped % 100 === 0) {
      this.parts.log.error(`${MAX_WAITING} alerts wait for the webhook: the oldest are dropped`, {
        dropped: this.dropped,
      });
    }
    this.remove(victim);
  }

  private remove(hook: Hook): void {
    const at = this.waiting.indexOf(hook);
    if (at >= 0) this.waiting.splice(at, 1);
    this.shelved(() => this.parts.shelf.removeHook(hook.id));
  }

  private isQuietNow(): boolean {
    const { clock, settings } = this.parts;
    return believableUnixS(clock) > 0 && isQuiet(settings().quietHours, clock.unixMs());
  }

  /** A full disk is the very thing that an alert may be about. */
  private shelved<T>(work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      this.parts.log.debug(`alerts for the webhook are not on the disk: ${String(error)}`);
      return null;
    }
  }
}

interface Fault {
  text: string;
  isPassing: boolean;
  retryAfterMs: number;
}
