import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type Server } from "node:tls";
import type { Clock } from "../clock.ts";
import { RoomError } from "../errors.ts";
import type { Log } from "../log.ts";

export interface TlsFiles {
  cert: string;
  key: string;
}

export interface TlsPair {
  cert: Buffer;
  key: Buffer;
}

const LOOK_MS = 2000;

/** Reads both and tries them. Throws RoomError `tls_unusable`. */
export function readTls({ cert, key }: TlsFiles): TlsPair {
  let pair: TlsPair;
  try {
    pair = { cert: readFileSync(cert), key: readFileSync(key) };
  } catch (error) {
    throw unusable(`the files of tls cannot be read`, error);
  }
  try {
    createSecureContext(pair);
  } catch (error) {
    throw unusable(`${cert} and ${key} are no certificate with its key`, error);
  }
  return pair;
}

/**
 * Looks at the files every two seconds and gives the server what is new; connections that are there stay. A pair that does not
 * fit is left alone: certificate and key are seldom replaced in the same moment. Returns the stop.
 */
export function watchTls(
  server: Pick<Server, "setSecureContext">,
  files: TlsFiles,
  first: TlsPair,
  clock: Clock,
  log: Log,
): () => void {
  let [current, failed] = [digest(first), ""];
  const look = (): void => {
    cancel = clock.after(LOOK_MS, look);
    try {
      const pair = readTls(files);
      const found = digest(pair);
      failed = "";
      if (found === current) return;
      server.setSecureContext(pair);
      current = found;
      log.info("the certificate was replaced", { cert: files.cert });
    } catch (error) {
      const sentence = error instanceof RoomError ? `${error.message}: ${error.found}` : String(error);
      if (sentence !== failed) log.warn(`the old certificate stays: ${sentence}`);
      failed = sentence;
    }
  };
  let cancel = clock.after(LOOK_MS, look);
  return () => cancel();
}

const digest = ({ cert, key }: TlsPair): string =>
  createHash("sha256").update(cert).update("\0").update(key).digest("hex");

function unusable(message: string, cause: unknown): RoomError {
  const { code, message: found } = cause as NodeJS.ErrnoException;
  return new RoomError("tls_unusable", message, {
    found: code?.startsWith("E") && !code.startsWith("ERR") ? `${code} (${found})` : found,
    hint: "check tls.cert and tls.key, and that this user may read them; both in PEM",
    cause,
  });
}
