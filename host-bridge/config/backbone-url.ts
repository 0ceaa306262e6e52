import { isHost } from "./address.ts";
import type { Address } from "./schema.ts";

/** The port of NATS servers. */
const DEFAULT_PORT = 4222;
const SCHEMES = ["nats:", "tls:"];

interface BackboneUrl {
  servers: Address[];
  isTls: boolean;
  user: string | null;
  password: string | null;
}

/**
 * `nats://host:4222`, `tls://user:password@host`, and several of them with commas between, of which all but the first may be
 * without the scheme and the login. Null for anything else, also where they differ in scheme, user or password.
 */
export function parseBackbone(text: string): BackboneUrl | null {
  const parts = text.split(",").map((part) => part.trim());
  const scheme = parts[0].split("//")[0];
  const urls = parts.map((part) => (part.includes("://") ? part : `${scheme}//${part}`));
  // redact() finds passwords behind a scheme only.
  if (parts.some((part) => part.includes("@") && !part.includes("://"))) return null;
  if (!SCHEMES.includes(scheme) || !urls.every((url) => URL.canParse(url))) return null;
  const parsed = urls.map((url) => new URL(url));
  const servers = parsed.map(({ hostname, port }) => ({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? DEFAULT_PORT : Number(port),
  }));
  const isFine = parsed.every(
    ({ protocol, pathname, search, hash }) =>
      protocol === scheme && ["", "/"].includes(pathname) && search === "" && hash === "",
  );
  const logins = new Set(parsed.map(loginOf).filter((login) => login !== ":"));
  if (!isFine || logins.size > 1 || !servers.every(({ host, port }) => isHost(host) && port > 0)) return null;
  const [login] = logins;
  if (login === undefined) return { servers, isTls: scheme === "tls:", user: null, password: null };
  const [user, password] = login.split(":").map(decode);
  // NATS takes a name alone for a token, which then is a secret that looks like none.
  return !user || !password ? null : { servers, isTls: scheme === "tls:", user, password };
}

const loginOf = ({ username, password }: URL): string => `${username}:${password}`;

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
