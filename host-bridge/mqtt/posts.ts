import type { Clock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../log.ts";
import { postProblem } from "../room/post-problem.ts";
import type { Room, Rooms } from "../room/rooms.ts";
import { postBody } from "../web/shapes.ts";
import { TokenBucket } from "../web/token-bucket.ts";
import { topicOf } from "./topics.ts";

export interface PostsParts {
  config: Config;
  rooms: Pick<Rooms, "get" | "post">;
  clock: Clock;
  log: Log;
}

/** A post is a name and at most 160 bytes of text; with escapes and a `ref` it stays far below this. */
const MAX_BYTES = 4096;

/** What somebody publishes to a room's topic, as posts of a client: one broker is one client in each room. */
export class Posts {
  private readonly parts: PostsParts;
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(parts: PostsParts) {
    this.parts = parts;
  }

  /** The topics under this prefix that take posts. Two rooms whose names make the same topic take none. */
  topics(prefix: string): string[] {
    const all = this.open().map((room) => topicOf(prefix, "post", room));
    return all.filter((topic, at) => all.indexOf(topic) === at && all.lastIndexOf(topic) === at);
  }

  /** `answer` is called once with the topic and text that say what became of it, if there is a room for it. */
  take(broker: string, prefix: string, topic: string, payload: Buffer, answer: (topic: string, text: string) => void) {
    const name = this.open().find((room) => topicOf(prefix, "post", room) === topic);
    const room = name === undefined ? undefined : this.parts.rooms.get(name);
    if (room === undefined) return;
    const say = (what: object): void => answer(topicOf(prefix, "posted", room.name), JSON.stringify(what));
    const fail = (code: string, message: string, more: object = {}): void =>
      say({ type: "error", room: room.name, code, message, ...more });
    const body = payload.length > MAX_BYTES ? null : parse(payload);
    if (body === null) return fail("bad_request", 'expected {"sender": "...", "text": "...", "ref": "..."}');
    const { sender, text, ref } = body;
    const problem = postProblem(room, sender, text);
    if (problem !== null) return fail(problem.code, problem.message, { ref });
    const waitS = this.wait(broker, room);
    if (waitS > 0) {
      const message = `too many messages: the next may come in ${waitS} s`;
      return fail("rate_limited", message, { ref, retry_after_s: waitS });
    }
    this.parts.rooms.post(room, sender, text, "mqtt", (outcome) => {
      if (outcome.ok) say({ type: "posted", room: room.name, ref, guid: outcome.message.guid });
      else if (outcome.error.code === "read_only") fail("read_only", outcome.error.message, { ref });
      else fail("unavailable", "the history cannot be used now", { ref });
    });
  }

  /** Rooms that take posts, as configured now. */
  private open(): string[] {
    return this.parts.config.rooms.filter(({ mqttPost }) => mqttPost).map(({ name }) => name);
  }

  private wait(broker: string, room: Room): number {
    const { messagesPerMinute: perMinute, burst } = this.parts.config.clients.rateLimit;
    const key = `${broker}\n${room.name}`;
    const bucket = this.buckets.get(key) ?? new TokenBucket();
    this.buckets.set(key, bucket);
    return bucket.take(this.parts.clock.nowMs(), { perMinute, burst });
  }
}

function parse(payload: Buffer): { sender: string; text: string; ref?: string | number } | null {
  try {
    return postBody.safeParse(JSON.parse(payload.toString("utf8"))).data ?? null;
  } catch {
    // No JSON: the answer says what is expected.
    return null;
  }
}
