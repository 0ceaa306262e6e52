import { isIP } from "node:net";
import type { Address } from "./schema.ts";

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;

/** True for IPv4, IPv6 without brackets, and host names. */
export function isHost(host: string): boolean {
  // Digits and dots only is a mistyped IPv4 address, never a name.
  return isIP(host) !== 0 || (HOST_NAME.test(host) && !/^[\d.]+$/.test(host));
}

/** `127.0.0.1:7070`, `example.com:7070`, `[::1]:7070`; null for anything else. Port 0 (any free one) is for listening. */
export function parseAddress(text: string, lowestPort = 1): Address | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const host = match[1] ?? match[2];
  const port = Number(match[3]);
  if (match[1] !== undefined ? isIP(host) !== 6 : !isHost(host)) return null;
  return port >= lowestPort && port <= 65535 ? { host, port } : null;
}

export function addressText({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** `192.0.2.7`, `10.0.0.0/8`, `fd00::/8`: an address, or a network in CIDR form. */
export function isNetwork(text: string): boolean {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const version = isIP(match?.[1] ?? "");
  return match !== null && version !== 0 && Number(match[2] ?? 0) <= (version === 4 ? 32 : 128);
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
