// The configuration read again while everything runs (SIGHUP). All or nothing: a mistake anywhere leaves all as it was.
import { isDeepStrictEqual } from "node:util";
import type { LoadedConfig } from "./config/load.ts";
import { roomKey } from "./config/room-key.ts";
import type { Config } from "./config/schema.ts";
import { describe, RoomError, RoomErrorList } from "./errors.ts";
import type { Events } from "./events.ts";
import type { Log, LogLevel } from "./log.ts";
import { makeRoom, type Rooms, type RoomsChange } from "./room/rooms.ts";

export interface ReloadParts {
  /** The one object that all parts of the daemon read at each use; a reload changes its fields. */
  config: Config;
  rooms: Pick<Rooms, "apply">;
  events: Events;
  log: Log;
}

/** Reads the files again, as at the start. Throws RoomError. */
type Load = () => LoadedConfig;

/** What takes effect only at the next start: the name as in the files, and what is compared. */
const AT_START: [name: string, part: (config: Config) => unknown][] = [
  ["name", ({ name }) => name],
  ["data_dir", ({ dataDir }) => dataDir],
  ["listen", ({ listen }) => listen],
  ["tls", ({ tls }) => tls],
  ["companion", ({ companion }) => companion],
  ["boards", ({ boards }) => boards],
  ["radio", ({ radio }) => radio],
  [
    "federation",
    ({ federation: { peers: _, secret: __, rebroadcastMaxAgeS: ___, maxKibPerS: ____, backbone: _____, ...rest } }) =>
      rest,
  ],
  ["log.format", ({ log }) => log.format],
  ["simulator", ({ simulator }) => simulator],
];
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/**
 * The function that reloads: rooms, everything under `clients`, `nodes`, `alerts` and `metrics`, and `log.level` take effect at once; no client is dropped.
 * It resolves to false when nothing was changed because of a mistake, which is in the log. Calls while one is at work are
 * done after it, several of them as one.
 */
export function reloader(parts: ReloadParts): (load: Load) => Promise<boolean> {
  let running: Promise<boolean> = Promise.resolve(true);
  let next: Promise<boolean> | null = null;
  return (load) => {
    next ??= running.then(() => {
      next = null;
      running = reload(parts, load);
      return running;
    });
    return next;
  };
}

async function reload({ config, rooms, events, log }: ReloadParts, load: Load): Promise<boolean> {
  try {
    const { config: wanted, warnings } = load();
    // Everything that can fail comes before the first change.
    const list = await Promise.all(
      wanted.rooms.map(async (room) => makeRoom(room, await roomKey(room.name, room.psk))),
    );
    const change = rooms.apply(list);
    for (const warning of warnings) log.warn(sentence(warning));
    const kept = AT_START.filter(([, part]) => !isDeepStrictEqual(part(config), part(wanted))).map(([name]) => name);
    const clients = { ...wanted.clients };
    if (kept.includes("listen") && clients.auth !== config.clients.auth) {
      // Its default follows `listen`, and the address that is open is still the old one.
      clients.auth = config.clients.auth;
      kept.push("clients.auth");
    }
    const done = roomWords(change);
    if (!isDeepStrictEqual(clients, config.clients)) done.push("clients");
    if (!isDeepStrictEqual(wanted.nodes, config.nodes)) done.push("nodes");
    const { peers, secret, maxKibPerS, rebroadcastMaxAgeS, backbone } = wanted.federation;
    const federation = { ...config.federation, peers, secret, maxKibPerS, rebroadcastMaxAgeS };
    if (config.federation.enabled && !isDeepStrictEqual(federation, config.federation)) done.push("peers");
    if (config.federation.enabled && !isDeepStrictEqual(backbone, config.federation.backbone)) done.push("backbone");
    if (!isDeepStrictEqual(wanted.mqtt, config.mqtt)) done.push("mqtt");
    if (!isDeepStrictEqual(wanted.metrics, config.metrics)) done.push("metrics");
    if (!isDeepStrictEqual(wanted.alerts, config.alerts)) done.push("alerts");
    const { level } = wanted.log;
    if (level !== config.log.level) done.push(`log.level ${level}`);

    config.rooms = wanted.rooms;
    config.files = wanted.files;
    overwrite(config.clients, clients);
    overwrite(config.nodes, wanted.nodes);
    overwrite(config.federation, { ...federation, backbone });
    overwrite(config.mqtt, wanted.mqtt);
    // Whole, or the hours of before would be in those of now.
    Object.assign(config.alerts, wanted.alerts);
    const before = config.log.level;
    config.log.level = level;
    config.metrics = wanted.metrics;
    // The less quiet of the two levels for these lines.
    if (LEVELS.indexOf(level) < LEVELS.indexOf(before)) log.setLevel(level);
    log.info(`configuration reloaded: ${done.length > 0 ? done.join(", ") : "nothing new that takes effect now"}`);
    if (kept.length > 0) log.warn(`needs a restart, and is as it was until then: ${kept.join(", ")}`);
    log.setLevel(level);
    events.emit("config", config);
    return true;
  } catch (error) {
    const mistakes = error instanceof RoomErrorList ? error.errors : [error];
    // A bug here must not end a daemon that runs well.
    for (const one of mistakes) log.error(one instanceof RoomError ? sentence(one) : String((one as Error).stack));
    log.error("the configuration was not reloaded: everything is as it was");
    return false;
  }
}

const sentence = (error: RoomError): string => `${describe(error)}${error.hint === undefined ? "" : `; ${error.hint}`}`;

/** Without names: those of private rooms are nobody's business who reads a log. */
function roomWords({ added, removed, changed }: RoomsChange): string[] {
  const rekeyed = changed.filter(({ isRekeyed }) => isRekeyed).length;
  const counts: [number, string][] = [
    [added.length, "added"],
    [removed.length, "removed"],
    [rekeyed, "with another key"],
    [changed.length - rekeyed, "changed"],
  ];
  return counts.flatMap(([count, what]) => (count > 0 ? [`${count} ${count === 1 ? "room" : "rooms"} ${what}`] : []));
}

/** Field by field, and tables below in the same way, so that who holds one of them sees the new values. */
function overwrite<T extends object>(target: T, source: T): void {
  for (const key of Object.keys(source) as (keyof T)[]) {
    const [old, fresh] = [target[key], source[key]];
    const areTables = [old, fresh].every((one) => typeof one === "object" && one !== null && !Array.isArray(one));
    if (areTables) overwrite(old as object, fresh as object);
    else target[key] = fresh;
  }
}
