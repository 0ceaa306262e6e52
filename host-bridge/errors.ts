// Errors that the world causes (a person, a file, a cable, a peer). A bug of ours is a plain Error("bug: ...").

/** What goes with a RoomError besides its sentence. `hint` says what to do next and is printed after `Try:`. */
export interface ErrorDetail {
  expected?: string;
  found?: string;
  hint?: string;
  cause?: unknown;
}

/**
 * A failure that a person can act on. `code` is stable and machine readable (`bad_config`, `daemon_not_running`), the
 * message is one sentence. Never put a secret into any of the texts: they are printed and logged.
 */
export class RoomError extends Error {
  readonly code: string;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly hint: string | undefined;

  constructor(code: string, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "RoomError";
    this.code = code;
    this.expected = detail.expected;
    this.found = detail.found;
    this.hint = detail.hint;
  }
}

/** Several failures found in one go, such as all problems of a configuration. Printed one after the other. */
export class RoomErrorList extends RoomError {
  readonly errors: readonly RoomError[];

  constructor(code: string, message: string, errors: readonly RoomError[]) {
    super(code, message);
    this.name = "RoomErrorList";
    this.errors = errors;
  }
}

/** The lines `Error: ...` and `Try: ...` for a terminal, without a newline at the end. Takes anything that was thrown. */
export function printError(error: unknown): string {
  if (error instanceof RoomErrorList) return error.errors.map(printError).join("\n");
  if (!(error instanceof RoomError)) {
    if (!(error instanceof Error)) return `Error: ${String(error)}`;
    // A bug: the stack is what its report needs.
    return `Error: ${error.message.startsWith("bug: ") ? (error.stack ?? error.message) : error.message}`;
  }
  const lines = [`Error: ${describe(error)}`];
  if (error.hint !== undefined) lines.push(`Try: ${error.hint}`);
  return lines.join("\n");
}

/** The sentence of an error with what was expected and found, as in `a.yaml:3: listen: expected ..., found ...`. */
export function describe(error: RoomError): string {
  const parts: string[] = [];
  if (error.expected !== undefined) parts.push(`expected ${error.expected}`);
  if (error.found !== undefined) parts.push(`found ${error.found}`);
  return parts.length === 0 ? error.message : `${error.message}: ${parts.join(", ")}`;
}

const USAGE_CODES = ["bad_usage", "bad_config", "no_config"];

/** The exit code for a failure: 2 bad usage or bad configuration, 1 anything else. */
export function exitCode(error: unknown): 1 | 2 {
  return error instanceof RoomError && USAGE_CODES.includes(error.code) ? 2 : 1;
}
