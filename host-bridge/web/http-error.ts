import { Wait } from "../auth/gate.ts";
import { describe, RoomError } from "../errors.ts";

/** An answer that is no success, as `{code, message}` and its HTTP status. */
export class HttpError extends Error {
  readonly statusCode: number;
  readonly code: string;

  constructor(statusCode: number, code: string, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
  }
}

export interface Answer {
  status: number;
  body: { code: string; message: string; retry_after_s?: number };
}

const STATUS_BY_CODE: Record<string, number> = {
  bad_request: 400,
  too_long: 400,
  auth_required: 401,
  auth_failed: 401,
  read_only: 403,
  unknown_room: 404,
};
const RETRY_S = 5;

/** What to tell about anything that was thrown. What went wrong in our own house is for the log. */
export function toAnswer(error: unknown): Answer {
  if (error instanceof HttpError) return answer(error.statusCode, error.code, error.message);
  if (error instanceof Wait) {
    return { status: 429, body: { code: error.code, message: error.message, retry_after_s: error.retryAfterS } };
  }
  if (error instanceof RoomError) {
    const status = STATUS_BY_CODE[error.code];
    if (status !== undefined) return answer(status, error.code, describe(error));
    const message = "the history cannot be used now";
    return { status: 503, body: { code: "unavailable", message, retry_after_s: RETRY_S } };
  }
  // Fastify's own: a body that is no JSON, too large, of another type.
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  if (error instanceof Error && typeof status === "number" && status < 500) {
    return answer(status, "bad_request", error.message);
  }
  return answer(500, "internal", "internal error");
}

function answer(status: number, code: string, message: string): Answer {
  return { status, body: { code, message } };
}
