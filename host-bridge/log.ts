import pino from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFormat = "text" | "json";
export type LogFields = Record<string, unknown>;

/** The daemon's log. A message is one sentence; values that a program may want to read go into `fields`. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Takes effect at once (reload of the configuration). */
  setLevel(level: LogLevel): void;
}

export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
  /** Takes one line with its newline. Default: standard output, where journald and docker read it. */
  write?: (line: string) => void;
}

export const HIDDEN = "[hidden]";

// Whole words of a field name: `psk`, `roomKey`, `federation_secret`, `tokens`; but not `public_key`, `monkey` or `keyCheck`.
const SECRET_WORDS = /^(psk|key|secret|token|password|passwd|passphrase|proof|authorization|cookie)s?$/;
const PUBLIC_NAMES = /^public[_-]?keys?$/i;
const MAX_DEPTH = 6;

/** True for field names whose values never leave the process. */
export function isSecretName(name: string): boolean {
  if (PUBLIC_NAMES.test(name)) return false;
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return SECRET_WORDS.test(words[words.length - 1]);
}

/** A copy of `value` fit for a log: secrets by field name and passwords inside URLs hidden, bytes only counted. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.replace(/(\/\/[^/\s:@]*):[^/\s@]+@/g, `$1:${HIDDEN}@`);
  if (typeof value === "bigint") return value.toString();
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Error) return redact(value.message);
  if (value instanceof Date) return value.toISOString();
  // Bytes are keys or packets; neither is worth a log line.
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return "[...]";
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  const copy: LogFields = {};
  for (const [name, item] of Object.entries(value)) {
    copy[name] = isSecretName(name) && item !== undefined && item !== null ? HIDDEN : redact(item, depth + 1);
  }
  return copy;
}

/**
 * A log at `level`: as text `[INFO] message key=value` (times are journald's business), or as one JSON object a line
 * `{"level","time","msg",...fields}` with the time in ISO 8601.
 */
export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => void process.stdout.write(line));
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: options.format === "json" ? write : (line: string) => write(textLine(JSON.parse(line))) },
  );
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (!logger.isLevelEnabled(level)) return;
      const { time, level: own, msg, ...rest } = redact(fields) as LogFields;
      // A field must not take the place of the line's own three.
      if (time !== undefined) rest["field_time"] = time;
      if (own !== undefined) rest["field_level"] = own;
      if (msg !== undefined) rest["field_msg"] = msg;
      logger[level](rest, "%s", redact(message));
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    setLevel: (level) => {
      logger.level = level;
    },
  };
}

/** A log that drops everything, for tests and for commands that only print their result. */
export function silentLog(): Log {
  const nothing = (): void => undefined;
  return { debug: nothing, info: nothing, warn: nothing, error: nothing, setLevel: nothing };
}

function textLine(entry: LogFields): string {
  const { level, time: _, msg, ...fields } = entry;
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${textValue(value)}`);
  return `[${String(level).toUpperCase()}] ${printable(String(msg))}${pairs.join("")}\n`;
}

function textValue(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[^\s"=]+$/.test(value) ? printable(value) : JSON.stringify(value);
}

/** Texts of strangers end up in logs and terminals: a newline or an escape sequence must not forge a line or drive them. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
