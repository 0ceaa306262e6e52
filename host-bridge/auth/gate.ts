import type { Clock } from "../clock.ts";
import { RoomError } from "../errors.ts";
import type { Log } from "../log.ts";
import { type Asker, type AskerHeaders, askerOf, TrustedProxies } from "./asker.ts";
import { Attempts, type LoginLimits } from "./attempts.ts";
import type { Principal } from "./principal.ts";
import type { Token, Tokens } from "./tokens.ts";

export interface GateParts {
  tokens: Tokens;
  clock: Clock;
  log: Log;
  /** `clients` of the configuration as it is now. */
  settings: () => { auth: "required" | "optional"; login: LoginLimits; trustedProxies: readonly string[] };
}

/** A refusal that passes by itself. */
export class Wait extends RoomError {
  readonly retryAfterS: number;

  constructor(message: string, retryAfterS: number) {
    super("rate_limited", message);
    this.retryAfterS = retryAfterS;
  }
}

/** The one place that decides who somebody is: for HTTP, WebSocket, status and metrics alike. */
export class Gate {
  private readonly parts: GateParts;
  private readonly attempts = new Attempts();
  private proxies: { entries: readonly string[]; list: TrustedProxies } | null = null;

  constructor(parts: GateParts) {
    this.parts = parts;
  }

  /** Where a request comes from; `peer` is the other end of its TCP connection. */
  asker(peer: string | undefined, headers: AskerHeaders): Asker {
    const entries = this.parts.settings().trustedProxies;
    if (this.proxies?.entries !== entries) this.proxies = { entries, list: new TrustedProxies(entries) };
    return askerOf(peer, headers, this.proxies.list);
  }

  isRequired(): boolean {
    return this.parts.settings().auth === "required";
  }

  /** Who asks without a token. Role `none` where this server wants one. */
  withoutToken(asker: Asker): Principal {
    const isClosed = this.isRequired();
    if (asker.isLocal) return { kind: "local", role: isClosed ? "none" : "admin", rooms: null, token: null };
    return { kind: "anonymous", role: isClosed ? "none" : "post", rooms: null, token: null };
  }

  /** Who has this token. Throws RoomError `auth_failed`, or Wait when this address guesses too much. */
  async withToken(text: string, asker: Asker): Promise<Principal> {
    const { tokens, log } = this.parts;
    // One who has been here before does not wait for what a neighbour behind the same address did.
    if (!tokens.isCheap(text)) this.mustNotWait(asker);
    let token: Token | null;
    try {
      token = await tokens.verify(text);
    } catch (error) {
      if (error instanceof RoomError && error.code === "busy") throw new Wait("too many logins at once", 5);
      throw error;
    }
    if (token !== null) return principalOf(token);
    this.failed(asker);
    log.warn("a wrong token was refused", { address: asker.address });
    throw new RoomError("auth_failed", "this token is not known here");
  }

  /** True while what the principal was let in with still stands. */
  stillStands({ token }: Principal): boolean {
    return token === null || this.parts.tokens.valid(token.id) !== null;
  }

  /** Throws Wait where this address has been wrong too often. */
  mustNotWait(asker: Asker): void {
    const waitS = this.attempts.waitS(asker.address, this.parts.clock.nowMs());
    if (waitS > 0) throw new Wait(`too many failures from this address: try again in ${waitS} s`, waitS);
  }

  /** A wrong token or proof. */
  failed(asker: Asker): void {
    this.attempts.failed(asker.address, this.parts.clock.nowMs(), this.parts.settings().login);
  }
}

function principalOf({ id, name, role, rooms }: Token): Principal {
  return { kind: "token", role, rooms, token: { id, name } };
}
