import type { Access } from "../auth/access.ts";
import { Gate } from "../auth/gate.ts";
import type { Principal } from "../auth/principal.ts";
import type { Config } from "../config/schema.ts";
import type { Events } from "../events.ts";
import type { Log } from "../log.ts";
import type { Room } from "../room/rooms.ts";
import { Clients } from "./clients.ts";
import { HttpServer } from "./http.ts";
import { Metrics } from "./metrics.ts";
import { participantsIn, type Status, type StatusSources, statusOf } from "./status.ts";

export type WebParts = Omit<StatusSources, "clients"> & {
  events: Events;
  log: Log;
  access: Access;
  /** `clients` of the configuration as it is now; a reload may change it. */
  settings?: () => Config["clients"];
};

export interface Web {
  /** The object of GET /status as somebody may see it. */
  status(principal: Principal): Status;
  clients: Clients;
  http: HttpServer;
  /** Listens and returns the URL. Throws RoomError. */
  start(): Promise<string>;
  stop(): Promise<void>;
}

/** Puts together all that clients see of the daemon. Nothing listens before start(). Throws RoomError `tls_unusable`. */
export function openWeb(parts: WebParts): Web {
  const { config, rooms, store, events, clock, log, access } = parts;
  const { tokens, moderation } = access;
  const settings = parts.settings ?? (() => config.clients);
  const gate = new Gate({ tokens, clock, log, settings });
  const topic = (room: Room): string => moderation.topic(room.name) ?? room.topic;
  const clients: Clients = new Clients({
    ...{ rooms, events, clock, log, gate, settings, topic },
    refused: (code) => metrics.refused("websocket", code),
    participants: (room, clients) => participantsIn(room, { store, clock, clients }),
  });
  const sources: StatusSources = { ...parts, clients };
  const status = statusOf(sources);
  const metrics = new Metrics({ config, status, events });
  const http = new HttpServer({ sources, status, metrics, moderation, topic, settings, gate, clock, log, clients });
  let stopClients = async (): Promise<void> => undefined;
  return {
    status,
    clients,
    http,
    start: async () => {
      const url = await http.start();
      stopClients = clients.start();
      return url;
    },
    stop: async () => {
      await stopClients();
      metrics.stop();
      await http.stop();
    },
  };
}
