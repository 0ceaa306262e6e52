import { BlockList, isIP } from "node:net";
import { isLoopback } from "../config/address.ts";

/** Where a request comes from. */
export interface Asker {
  /** The client's address, as far as it can be known. */
  address: string;
  /** It sits at this machine: no proxy in between (that we know of), and it calls us by an address or as localhost. */
  isLocal: boolean;
}

export interface AskerHeaders {
  "x-forwarded-for"?: string | string[] | undefined;
  "x-real-ip"?: string | string[] | undefined;
  forwarded?: string | undefined;
  host?: string | undefined;
}

/** Proxies whose X-Forwarded-For is believed: addresses and networks such as `10.0.0.0/8`. */
export class TrustedProxies {
  private readonly list = new BlockList();

  /** Entries that are neither are left out; the configuration has checked them. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const [address, bits] = entry.split("/");
      const family = familyOf(address);
      if (family === null) continue;
      if (bits === undefined) this.list.addAddress(address, family);
      else this.list.addSubnet(address, Number(bits), family);
    }
  }

  has(address: string): boolean {
    const family = familyOf(address);
    return family !== null && this.list.check(address, family);
  }
}

/** `peer` is the other end of the TCP connection. */
export function askerOf(peer: string | undefined, headers: AskerHeaders, proxies: TrustedProxies): Asker {
  let address = plain(peer ?? "");
  const chain = String(headers["x-forwarded-for"] ?? "")
    .split(",")
    .map((entry) => plain(entry.trim()))
    .filter((entry) => entry !== "");
  let wasProxied = chain.length > 0 || headers["x-real-ip"] !== undefined || headers.forwarded !== undefined;
  // From the right: each trusted proxy has written whom it saw. What is left of the first other one may be made up.
  while (chain.length > 0 && proxies.has(address)) {
    const next = chain.pop() ?? "";
    wasProxied = isIP(next) === 0;
    if (wasProxied) break;
    address = next;
  }
  return { address, isLocal: !wasProxied && isLoopback(address) && isOwnName(headers.host) };
}

/** A page of another site whose name points to this machine (DNS rebinding) calls us by that name. */
function isOwnName(host: string | undefined): boolean {
  if (host === undefined || host === "") return true;
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return name.toLowerCase() === "localhost" || isIP(name) !== 0;
}

/** One that speaks for a whole network: IPv6 hands out at least a /64 to each. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head, tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  return `${[...left, ...gap, ...right].slice(0, 4).join(":")}::/64`;
}

const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");

function familyOf(address: string): "ipv4" | "ipv6" | null {
  const kind = isIP(address);
  return kind === 0 ? null : kind === 4 ? "ipv4" : "ipv6";
}
