import { createHash, randomBytes } from "node:crypto";
import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";
import { RoomError } from "../errors.ts";
import { hashSecret, matchesSecret } from "./secret-hash.ts";

export const ROLES = ["read", "post", "admin"] as const;
/** Each may do what the one before it may. */
export type Role = (typeof ROLES)[number];

export interface Token {
  id: string;
  name: string;
  role: Role;
  /** null: all rooms, also those that come later. */
  rooms: readonly string[] | null;
  /** Unix milliseconds, as the two below. */
  created: number;
  /** null: never. */
  expires: number | null;
  lastUsed: number | null;
}

export type NewToken = Pick<Token, "name" | "role" | "rooms" | "expires">;

const FORM = /^mcr_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
const MAX_NAME = 64;
/** scrypt takes 16 MB a piece. */
const AT_ONCE = 2;
const MAX_WAITING = 100;
const LAST_USED_STEP_MS = 60_000;
const MAX_KNOWN = 10_000;

/**
 * The tokens of `meshcore-room token`. Another process may write the same file at any time: what it does counts at once.
 * A token is `mcr_<id>_<secret>`; the file holds a hash of the secret, from which nobody gets in.
 */
export class Tokens {
  private readonly db: Database;
  private readonly sql: ReturnType<typeof prepare>;
  private readonly unixMs: () => number;
  /** SHA-256 of token texts that were right once -> their hash in the file, so that scrypt runs once per token and start. */
  private readonly known = new Map<string, string>();
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  /** The work for a token that is not there takes as long as for one that is. */
  private readonly nobody: Promise<string>;

  constructor(db: Database, unixMs: () => number) {
    this.db = db;
    this.sql = prepare(db);
    this.unixMs = unixMs;
    this.nobody = hashSecret(randomBytes(32).toString("base64url"));
  }

  /** Makes a token and returns its text, which nobody can show again. Throws RoomError `bad_usage` when the name will not do. */
  async create(wish: NewToken): Promise<{ token: Token; text: string }> {
    const { name, role, rooms, expires } = wish;
    if (name.trim() !== name || name === "" || name.length > MAX_NAME || /\p{Cc}/u.test(name)) {
      const expected = `a name of 1 to ${MAX_NAME} characters without spaces around it`;
      throw new RoomError("bad_usage", "NAME", { expected, found: JSON.stringify(name), hint: "token create alice" });
    }
    const id = randomBytes(6).toString("hex");
    const secret = randomBytes(32).toString("base64url");
    const hash = await hashSecret(secret);
    const created = this.unixMs();
    const isNew = this.sql.add.run(
      id,
      name,
      role,
      rooms === null ? null : JSON.stringify(rooms),
      created,
      expires,
      hash,
    );
    if (isNew.changes === 0) {
      const hint = `another name, or: meshcore-room token revoke ${JSON.stringify(name)}`;
      throw new RoomError("bad_usage", `there is a token ${JSON.stringify(name)} already`, { hint });
    }
    return { token: { id, name, role, rooms, created, expires, lastUsed: null }, text: `mcr_${id}_${secret}` };
  }

  list(): Token[] {
    return this.sql.all.all().map((row) => toToken(row as Row));
  }

  /** By name or id; false when there is none. */
  revoke(nameOrId: string): boolean {
    return this.sql.remove.run(nameOrId, nameOrId).changes > 0;
  }

  /** The token that has this text, or null. A wrong one takes as long as a right one. Throws RoomError `busy`. */
  async verify(text: string): Promise<Token | null> {
    const [, id, secret] = FORM.exec(text) ?? [];
    if (id === undefined || secret === undefined) return null;
    const row = this.sql.get.get(id) as Row | undefined;
    if (!this.isKnown(text, row)) {
      const hash = row?.hash ?? (await this.nobody);
      const isRight = await this.inTurn(() => matchesSecret(secret, hash));
      if (row === undefined || !isRight) return null;
      if (this.known.size >= MAX_KNOWN) this.known.clear();
      this.known.set(digest(text), row.hash);
    }
    // It may have been revoked meanwhile.
    return this.valid(id);
  }

  /** True for a text that verify() takes without work. */
  isCheap(text: string): boolean {
    return this.isKnown(text, this.sql.get.get(FORM.exec(text)?.[1] ?? "") as Row | undefined);
  }

  /** The token when it is still there and not expired. */
  valid(id: string): Token | null {
    const row = this.sql.get.get(id) as Row | undefined;
    const nowMs = this.unixMs();
    if (row === undefined || (row.expires !== null && row.expires <= nowMs)) return null;
    if (row.last_used === null || nowMs - row.last_used >= LAST_USED_STEP_MS) this.sql.used.run(nowMs, id);
    return toToken(row);
  }

  close(): void {
    if (this.db.isOpen) this.db.close();
  }

  private isKnown(text: string, row: Row | undefined): boolean {
    // A look-up by digest: how far a guess agrees with a known text cannot be measured.
    return row !== undefined && this.known.get(digest(text)) === row.hash;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= AT_ONCE) {
      if (this.waiting.length >= MAX_WAITING) throw new RoomError("busy", "too many logins at once");
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.running++;
    try {
      return await work();
    } finally {
      this.running--;
      this.waiting.shift()?.();
    }
  }
}

interface Row {
  id: string;
  name: string;
  role: Role;
  rooms: string | null;
  created: number;
  expires: number | null;
  last_used: number | null;
  hash: string;
}

function prepare(db: Database) {
  return {
    add: db.prepare(
      "INSERT OR IGNORE INTO tokens (id, name, role, rooms, created, expires, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
    ),
    all: db.prepare("SELECT * FROM tokens ORDER BY created, name"),
    get: db.prepare("SELECT * FROM tokens WHERE id = ?"),
    used: db.prepare("UPDATE tokens SET last_used = ? WHERE id = ?"),
    remove: db.prepare("DELETE FROM tokens WHERE name = ? OR id = ?"),
  };
}

function toToken({ id, name, role, rooms, created, expires, last_used }: Row): Token {
  const list = rooms === null ? null : (JSON.parse(rooms) as string[]);
  return { id, name, role, rooms: list, created, expires, lastUsed: last_used };
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
