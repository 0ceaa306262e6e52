import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { RoomError } from "../errors.ts";

export interface Certificate {
  /** Both in PEM. */
  cert: string;
  key: string;
}

const FILE = "federation.pem";

/**
 * The certificate that this server shows to peers: of the configured files, else its own, which is made once and kept in
 * `dataDir`. Throws RoomError `federation_certificate`.
 */
export function openCertificate(dataDir: string, files: { cert: string; key: string } | null): Certificate {
  const own = join(dataDir, FILE);
  try {
    if (files === null && !existsSync(own)) {
      const { cert, key } = makeCertificate();
      writeFileSync(`${own}.partial`, key + cert, { mode: 0o600 });
      renameSync(`${own}.partial`, own);
    }
    const read = (path: string): string => readFileSync(path, "utf8");
    const pair =
      files === null ? { cert: read(own), key: read(own) } : { cert: read(files.cert), key: read(files.key) };
    createSecureContext(pair);
    return pair;
  } catch (error) {
    const what = files === null ? own : `${files.cert} and ${files.key}`;
    throw new RoomError("federation_certificate", `peers cannot be shown the certificate of ${what}`, {
      found: (error as Error).message,
      hint:
        files === null ? `move ${own} away; a new one is made` : "check federation.tls_cert and tls_key, both in PEM",
      cause: error,
    });
  }
}

/** Throws RoomError `federation_certificate`. */
export function readAuthorities(path: string): string {
  try {
    const ca = readFileSync(path, "utf8");
    createSecureContext({ ca });
    return ca;
  } catch (error) {
    throw new RoomError("federation_certificate", `${path} has no authorities for the certificates of peers`, {
      found: (error as Error).message,
      hint: "check federation.ca, in PEM",
      cause: error,
    });
  }
}

/** SHA-256 of a certificate in DER, 64 hex digits, as `openssl x509 -fingerprint -sha256` shows it without colons. */
export const fingerprintOf = (der: Uint8Array): string => createHash("sha256").update(der).digest("hex");

/**
 * A self-signed X.509 certificate (RFC 5280) with a fresh P-256 key, for ever. Nobody has to trust what is in it: servers prove
 * their secret on the connection. That is why it is written here in a few lines instead of by a library of twenty packages.
 */
export function makeCertificate(): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const serial = randomBytes(16);
  serial[0] = (serial[0] & 0x7f) | 0x40;
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from("meshcore-room")))));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ECDSA_WITH_SHA256,
    name,
    // "99991231235959Z" means that there is no end (RFC 5280, 4.1.2.5). A host without a clock begins in 1970.
    sequence(der(0x17, Buffer.from("700101000000Z")), der(0x18, Buffer.from("99991231235959Z"))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", body, privateKey);
  const whole = sequence(body, ECDSA_WITH_SHA256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString("base64").replace(/.{1,64}/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** A value of DER (X.690): tag, length, content. */
function der(tag: number, content: Uint8Array): Buffer {
  const length = content.length;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, Buffer.concat(parts));
/** 1.2.840.10045.4.3.2 and 2.5.4.3 */
const ECDSA_WITH_SHA256 = sequence(der(0x06, Buffer.from("2a8648ce3d040302", "hex")));
const COMMON_NAME = der(0x06, Buffer.from("550403", "hex"));
