// What one key alone cannot show: doubles, pairs that belong together, ports in each other's way, weak secrets.
import { BOARDS } from "../../boards/all.ts";
import { addressText } from "./address.ts";
import { parseBackbone } from "./backbone-url.ts";
import type { Section, Settings } from "./keys.ts";
import type { ConfigPath } from "./node.ts";
import type { Complaint } from "./problem.ts";
import { boardRadio, checkRadio } from "./radio.ts";
import { directKey } from "./room-key.ts";
import { nearKey, weakness } from "./secrets.ts";
import { suggest } from "./suggest.ts";

export interface Findings {
  problems: Complaint[];
  warnings: Complaint[];
}

/** Checks across keys. `settings` has the sections that are right in themselves, `raw` all as plain values. */
export function checkTogether(settings: Partial<Settings>, raw: Partial<Record<Section, unknown>>): Findings {
  const findings: Findings = {
    problems: [...doubles(raw.rooms, "rooms", "name"), ...doubles(raw.boards, "boards", "id"), ...checkPeers(settings)],
    warnings: [],
  };
  const add = ({ problems, warnings }: Findings): void => {
    findings.problems.push(...problems);
    findings.warnings.push(...warnings);
  };
  if (settings.rooms) add(checkRooms(settings.rooms));
  if (settings.boards) add(checkBoards(settings.boards));
  if (settings.radio) add(checkRadio(settings.radio));
  for (const [at, { radio }] of (settings.boards ?? []).entries()) {
    if (radio) add(inBoard(at, checkRadio(boardRadio(settings.radio ?? {}, radio))));
  }
  if (settings.federation) {
    findings.problems.push(...checkPair(settings.federation, ["federation"], "tls_cert", "tls_key"));
    findings.problems.push(...checkBackbone(settings.federation));
  }
  if (settings.mqtt) add(checkMqtt(settings.mqtt));
  if (settings.alerts) add(checkAlerts(settings.alerts));
  if (settings.clients) findings.problems.push(...checkClients(settings.clients));
  findings.problems.push(...checkPorts(settings));
  return findings;
}

/** The same findings about a board's own radio. */
function inBoard(at: number, { problems, warnings }: Findings): Findings {
  const moved = (found: Complaint): Complaint => ({ ...found, path: ["boards", at, ...found.path] });
  return { problems: problems.map(moved), warnings: warnings.map(moved) };
}

/** The second item of a list with the same text at `key`. */
function doubles(list: unknown, section: Section, key: string): Complaint[] {
  const first = new Map<string, number>();
  const complaints: Complaint[] = [];
  if (!Array.isArray(list)) return [];
  list.forEach((item: unknown, at) => {
    const value = item !== null && typeof item === "object" ? (item as Record<string, unknown>)[key] : undefined;
    if (typeof value !== "string") return;
    const before = first.get(value);
    if (before === undefined) first.set(value, at);
    else {
      const hint = `remove one of the two, or give it another ${key}`;
      complaints.push({
        path: [section, at, key],
        expected: `another ${key} than ${section}[${before}]`,
        hint,
      });
    }
  });
  return complaints;
}

function checkRooms(rooms: Settings["rooms"]): Findings {
  const problems = checkPreviousNames(rooms);
  const warnings: Complaint[] = [];
  const keys = new Map<string, number>();
  rooms.forEach(({ name, psk }, at) => {
    const path = ["rooms", at, "psk"];
    const key = directKey(name, psk);
    const id = key === null ? null : Buffer.from(key).toString("hex");
    const before = id === null ? undefined : keys.get(id);
    if (id !== null) keys.set(id, before ?? at);
    if (before !== undefined && rooms[before].name !== name) {
      problems.push({
        path: psk === "" ? ["rooms", at, "name"] : path,
        expected: `a channel key of its own, and rooms[${before}] has the same`,
        hint:
          psk === ""
            ? "give it another name; capital letters and # make no difference"
            : "give each room a psk of its own",
      });
    }
    if (psk === "") return;
    const near = key === null ? nearKey(psk) : null;
    if (near !== null) {
      const hint = "copy the key again: 32 or 64 hex digits, or base64 with its = at the end";
      warnings.push({ path, expected: "a key or a passphrase", found: `${near}; it is used as a passphrase`, hint });
    }
    const weak = key === null ? weakness(psk, [name]) : new Set(key).size < 4 ? "it repeats the same few bytes" : null;
    if (weak !== null) warnings.push(weakSecret(path, psk, weak));
  });
  return { problems, warnings };
}

/** A room's former name must be free, and nobody else's. */
function checkPreviousNames(rooms: Settings["rooms"]): Complaint[] {
  const claimed = new Map<string, number>();
  return rooms.flatMap(({ previous_name: previous }, at): Complaint[] => {
    if (previous === undefined) return [];
    const path = ["rooms", at, "previous_name"];
    const holder = rooms.findIndex(({ name }) => name === previous);
    if (holder >= 0) {
      const hint = holder === at ? "remove previous_name" : `remove previous_name, or rooms[${holder}]`;
      return [{ path, expected: "a name that no room has any more", hint }];
    }
    const before = claimed.get(previous);
    claimed.set(previous, before ?? at);
    if (before === undefined) return [];
    const expected = `another name than rooms[${before}].previous_name`;
    return [{ path, expected, hint: "only one room can have its history" }];
  });
}

function checkClients({ ping_interval_s: ping, idle_timeout_s: idle, login }: Settings["clients"]): Complaint[] {
  const complaints: Complaint[] = [];
  if (idle <= ping) {
    const expected = `more than the ${ping} s between two pings`;
    const hint = "make it twice ping_interval_s or more";
    complaints.push({ path: ["clients", "idle_timeout_s"], expected, found: `the number ${idle}`, hint });
  }
  if (login.max_delay_s < login.delay_s) {
    const path = ["clients", "login", "max_delay_s"];
    const found = `the number ${login.max_delay_s}`;
    complaints.push({
      path,
      expected: `no less than delay_s, ${login.delay_s}`,
      found,
      hint: "raise it, or lower delay_s",
    });
  }
  return complaints;
}

function weakSecret(path: ConfigPath, secret: string, why: string): Complaint {
  const found = `a weak secret of ${[...secret].length} characters (${why})`;
  return { path, expected: "a secret that nobody can guess", found, hint: "make one with: openssl rand -hex 16" };
}

function checkBoards(boards: Settings["boards"]): Findings {
  const problems: Complaint[] = [];
  const paths = new Map<string, number>();
  const models = BOARDS.map((board) => board.id);
  boards.forEach((board, at) => {
    if (board.type === "sim") {
      if (models.includes(board.model)) return;
      const near = suggest(board.model, models);
      const hint = near === null ? undefined : `did you mean ${near}?`;
      problems.push({ path: ["boards", at, "model"], expected: `one of ${models.join(", ")}`, hint });
      return;
    }
    const before = paths.get(board.path);
    paths.set(board.path, before ?? at);
    if (before !== undefined) {
      const hint = "one board a port; stable names are in /dev/serial/by-id/";
      problems.push({ path: ["boards", at, "path"], expected: `a port that boards[${before}] does not use`, hint });
    }
  });
  return { problems, warnings: [] };
}

/** The peers of both forms with the place where each stands. */
export function allPeers(settings: Partial<Settings>): { path: ConfigPath; peer: Settings["peers"][number] }[] {
  const top = (settings.peers ?? []).map((peer, at) => ({ path: ["peers", at] as ConfigPath, peer }));
  const nested = (settings.federation?.peers ?? []).map((peer, at) => ({ path: ["federation", "peers", at], peer }));
  return [...top, ...nested];
}

/** Federation is on when the file says so, or says nothing and names peers or is a hub. */
export function federationEnabled(settings: Partial<Settings>): boolean {
  return (
    settings.federation?.enabled ?? (allPeers(settings).length > 0 || settings.federation?.blind_hub !== undefined)
  );
}

function checkPeers(settings: Partial<Settings>): Complaint[] {
  const complaints: Complaint[] = [];
  const seen = new Map<string, ConfigPath>();
  const common = settings.federation?.federation_secret;
  const needsSecret = settings.federation !== undefined && federationEnabled(settings) && common === undefined;
  const peers = allPeers(settings);
  for (const { path, peer } of peers) {
    const { addr, host, port, secret } = peer;
    if (addr !== undefined && (host !== undefined || port !== undefined)) {
      complaints.push({
        path: [...path, "addr"],
        expected: "either addr, or host and port",
        found: "both",
        hint: "remove one",
      });
    } else if (addr === undefined && (host === undefined || port === undefined)) {
      const found =
        host === undefined && port === undefined ? "neither" : `only ${host === undefined ? "port" : "host"}`;
      complaints.push({ path, expected: "addr: host:port, or host and port", found, hint: "add the peer's address" });
    } else {
      const address = addr ?? { host: host ?? "", port: port ?? 0 };
      const text = addressText(address).toLowerCase();
      if (seen.has(text))
        complaints.push({ path, expected: "each peer once", found: `${text} again`, hint: "remove one of the two" });
      seen.set(text, path);
    }
    if (needsSecret && secret === undefined) {
      complaints.push({
        path: [...path, "secret"],
        expected: "a secret here, or federation.federation_secret for all peers",
        hint: "use the same secret on both sides; make one with: openssl rand -hex 16",
      });
    }
  }
  if (needsSecret && peers.length === 0 && settings.peers !== undefined) {
    const path = ["federation", "federation_secret"];
    complaints.push({ path, expected: "a secret in quotes", hint: "make one with: openssl rand -hex 16" });
  }
  return complaints;
}

/** Weak secrets between servers, each named once. */
export function checkPeerSecrets(settings: Partial<Settings>): Complaint[] {
  const secrets: [ConfigPath, string | undefined][] = [
    [["federation", "federation_secret"], settings.federation?.federation_secret],
    ...allPeers(settings).map(({ path, peer }): [ConfigPath, string | undefined] => [[...path, "secret"], peer.secret]),
  ];
  return secrets.flatMap(([path, secret]) => {
    const why = secret === undefined ? null : weakness(secret);
    return secret === undefined || why === null ? [] : [weakSecret(path, secret, why)];
  });
}

/** What goes with a backbone, and what it needs. */
function checkBackbone(federation: Settings["federation"]): Complaint[] {
  const { backbone, backbone_user: user, backbone_password: password, backbone_creds: creds } = federation;
  const complaints = checkPair(federation, ["federation"], "backbone_cert", "backbone_key");
  const found = backbone === undefined ? null : parseBackbone(backbone);
  if (found !== null && federation.blind_hub === undefined) {
    const expected = "blind_hub beside backbone: only hubs have one";
    complaints.push({ path: ["federation", "blind_hub"], expected, hint: "add blind_hub, or remove backbone" });
  }
  const [hasUser, hasPassword] = [user ?? found?.user ?? null, password ?? found?.password ?? null].map(Boolean);
  if (hasUser !== hasPassword) {
    const [missing, present] = hasUser ? ["backbone_password", "user"] : ["backbone_user", "password"];
    const hint = `add ${missing}`;
    complaints.push({ path: ["federation", missing], expected: `a text in quotes beside the ${present}`, hint });
  }
  if (creds !== undefined && (hasUser || hasPassword)) {
    const path = ["federation", "backbone_creds"];
    complaints.push({
      path,
      expected: "either backbone_creds, or user and password",
      found: "both",
      hint: "remove one",
    });
  }
  return complaints;
}

function checkMqtt(mqtt: Settings["mqtt"]): Findings {
  const problems: Complaint[] = [];
  if (mqtt.enabled === true && mqtt.broker === undefined && mqtt.brokers.length === 0) {
    const hint = "add broker: mqtt://HOST:1883, or set enabled to false";
    problems.push({ path: ["mqtt", "broker"], expected: "a URL such as mqtt://localhost:1883", hint });
  }
  const first: [ConfigPath, Omit<Settings["mqtt"], "enabled" | "brokers">] = [["mqtt"], mqtt];
  const more = mqtt.brokers.map((broker, at): typeof first => [["mqtt", "brokers", at], broker]);
  const seen = new Set<string>();
  for (const [path, broker] of [first, ...more]) {
    problems.push(...checkPair(broker, path, "cert", "key"));
    if (broker.password !== undefined && broker.username === undefined && !hasUser(broker.broker)) {
      problems.push({
        path: [...path, "username"],
        expected: "a user name beside the password",
        hint: "add username",
      });
    }
    if (broker.broker === undefined) continue;
    const { host } = new URL(broker.broker);
    const place = `${host} ${broker.topic_prefix} ${broker.profile}`;
    if (seen.has(place)) {
      const hint = "remove one of the two, or give it another topic_prefix";
      problems.push({ path: [...path, "broker"], expected: "each broker once", found: `${host} again`, hint });
    }
    seen.add(place);
  }
  return { problems, warnings: [] };
}

function checkAlerts(alerts: Settings["alerts"]): Findings {
  const problems: Complaint[] = [];
  for (const key of ["webhook_secret", "quiet_hours"] as const) {
    if (alerts[key] === undefined || alerts.webhook !== undefined) continue;
    const hint = `add webhook, or remove ${key}`;
    problems.push({ path: ["alerts", "webhook"], expected: `a URL beside ${key}`, hint });
  }
  const nodes = new Map<string, number>();
  alerts.nodes.forEach(({ node }, at) => {
    const before = nodes.get(node);
    if (before === undefined) nodes.set(node, at);
    else {
      const expected = `another node than alerts.nodes[${before}]`;
      problems.push({ path: ["alerts", "nodes", at, "node"], expected, hint: "remove one of the two" });
    }
  });
  const { webhook_secret: secret } = alerts;
  const weak = secret === undefined ? null : weakness(secret);
  const path = ["alerts", "webhook_secret"];
  return { problems, warnings: secret === undefined || weak === null ? [] : [weakSecret(path, secret, weak)] };
}

const hasUser = (broker: string | undefined): boolean => broker !== undefined && new URL(broker).username !== "";

/** Two keys that make sense only together. */
function checkPair<T extends object>(
  table: T,
  path: ConfigPath,
  one: keyof T & string,
  other: keyof T & string,
): Complaint[] {
  if ((table[one] === undefined) === (table[other] === undefined)) return [];
  const [present, missing] = table[one] === undefined ? [other, one] : [one, other];
  return [
    { path: [...path, missing], expected: `a file beside ${present}`, hint: `add ${missing}, or remove ${present}` },
  ];
}

function checkPorts(settings: Partial<Settings>): Complaint[] {
  const { listen, companion, federation } = settings;
  // The federation ports are on every address. `listen` takes federation too, so that these two may be one.
  const used: [ConfigPath, string, number][] = [];
  if (listen) used.push([["listen"], listen.host, listen.port]);
  if (companion?.listen) used.push([["companion", "listen"], companion.listen.host, companion.listen.port]);
  if (federation && federationEnabled(settings)) {
    if (federation.federation_port !== listen?.port)
      used.push([["federation", "federation_port"], "*", federation.federation_port]);
    if (federation.status_endpoint) used.push([["federation", "status_port"], "*", federation.status_port]);
  }
  const complaints: Complaint[] = [];
  used.forEach(([path, host, port], at) => {
    const clash = used
      .slice(0, at)
      .find(([, otherHost, other]) => other === port && port !== 0 && overlap(host, otherHost));
    if (!clash) return;
    const taken = clash[0].join(".");
    complaints.push({
      path,
      expected: "a port of its own",
      found: `port ${port}, which ${taken} has`,
      hint: "choose another port",
    });
  });
  return complaints;
}

const overlap = (one: string, other: string): boolean =>
  one === other || [one, other].some((host) => ["*", "0.0.0.0", "::"].includes(host));
