// Every route of the daemon, one row each.
import { z } from "zod";
import { Wait } from "../auth/gate.ts";
import { mayOpen, maySee, type Principal } from "../auth/principal.ts";
import { RoomError } from "../errors.ts";
import { wireMessage } from "../room/message.ts";
import type { Room } from "../room/rooms.ts";
import { HttpError } from "./http-error.ts";
import type { Metrics } from "./metrics.ts";
import { page, pagePolicy } from "./page.ts";
import { type Asked, type Route, route } from "./route.ts";
import * as shapes from "./shapes.ts";
import { participantsIn, type Status, type StatusSources } from "./status.ts";

export interface RouteParts {
  sources: StatusSources;
  status: (principal: Principal) => Status;
  metrics: Metrics;
  moderation: ModerationPart;
  topic: (room: Room) => string;
  clients: { notice(text: string, room: Room | null): number; topicChanged(room: Room): void };
  /** Takes one post from the poster's budget; returns the seconds to wait, or 0. */
  takePost: (asked: Asked) => number;
  openApi: () => object;
}

interface ModerationPart {
  mute(room: string, sender: string, forS: number | null): void;
  unmute(room: string, sender: string): boolean;
  mutedIn(room: string): { sender: string; since: number; until: number | null }[];
  setTopic(room: string, topic: string | null): void;
}

const ok = z.object({ ok: z.literal(true) });
const loose = (id: string) => z.looseObject({}).meta({ id });

export function routes(parts: RouteParts): Route[] {
  return [...serverRoutes(parts), ...roomRoutes(parts), ...adminRoutes(parts)];
}

function serverRoutes({ sources, status, metrics, openApi }: RouteParts): Route[] {
  return [
    route({
      ...{ method: "GET", path: "/", access: "open", summary: "The web page, the same for everybody" },
      contentType: "text/html; charset=utf-8",
      handle: ({ reply }) => {
        reply.header("content-security-policy", pagePolicy);
        return page;
      },
    }),
    route({
      ...{ method: "GET", path: "/healthz", access: "open", summary: "That the daemon runs" },
      response: ok,
      handle: () => ({ ok: true }),
    }),
    route({
      ...{ method: "GET", path: "/ws", access: "open", summary: "The WebSocket, subprotocol meshcore-room.v1" },
      status: 101,
      // A plain request where an upgrade belongs.
      handle: ({ reply }) => {
        reply.header("upgrade", "websocket");
        throw new HttpError(426, "upgrade_required", "this is a WebSocket (subprotocol meshcore-room.v1)");
      },
    }),
    route({
      ...{ method: "GET", path: "/status", access: "status", summary: "Rooms, boards and links of this server" },
      response: loose("Status"),
      handle: ({ principal }) => status(principal),
    }),
    route({
      ...{ method: "GET", path: "/metrics", access: "status", summary: "Numbers for Prometheus" },
      contentType: "text/plain; version=0.0.4; charset=utf-8",
      handle: () => metrics.text(),
    }),
    route({
      ...{ method: "GET", path: "/api/v1/openapi.json", access: "status", summary: "This document" },
      response: loose("OpenApi"),
      handle: () => openApi(),
    }),
    route({
      ...{ method: "GET", path: "/api/v1/nodes", access: "read" },
      summary: "Nodes of the mesh whose adverts were heard and verified, the last heard first",
      response: z.object({ nodes: z.array(shapes.node) }),
      handle: () => ({ nodes: sources.nodes.list() }),
    }),
  ];
}

function roomRoutes({ sources, topic, takePost }: RouteParts): Route[] {
  const { rooms, store } = sources;
  return [
    route({
      ...{ method: "GET", path: "/api/v1/rooms", access: "read", summary: "The rooms that you may see" },
      response: z.object({ rooms: z.array(shapes.room) }),
      handle: ({ principal }) => ({
        rooms: rooms.list
          .filter((room) => maySee(principal, room))
          .map((room) => ({
            ...{ name: room.name, private: room.isPrivate, description: room.description, topic: topic(room) },
            ...{ read_only: room.readOnly, messages: store.countMessages(room.name), max_history: room.maxHistory },
          })),
      }),
    }),
    route({
      ...{ method: "GET", path: "/api/v1/rooms/{room}/messages", access: "read" },
      summary: "Messages, oldest first: the newest ones, or with after the ones that follow",
      ...{ params: shapes.roomParams, query: shapes.messagesQuery },
      response: z.object({ room: z.string(), messages: z.array(shapes.message), has_more: z.boolean() }),
      handle: ({ principal, params, query }) => {
        const room = openRoom(sources, principal, params.room);
        const { limit, after, since = 0 } = query;
        // A time to start after is one second more than a time to start at; null is the beginning.
        const from = typeof after === "number" ? { after: null, since: Math.max(since, after + 1) } : { after };
        const found = rooms.history(room, { ...query, ...from, limit: limit + 1 });
        const isForward = after !== undefined;
        const messages = isForward ? found.slice(0, limit) : found.slice(-limit);
        return { room: room.name, messages: messages.map(wireMessage), has_more: found.length > limit };
      },
    }),
    route({
      ...{ method: "POST", path: "/api/v1/rooms/{room}/messages", access: "post" },
      summary: "Posts a text; answered when it is durable",
      ...{ params: shapes.roomParams, body: shapes.postBody, status: 201 },
      response: z.object({ guid: z.string(), ref: z.union([z.string(), z.number()]).optional() }),
      handle: async (asked) => {
        const room = openRoom(sources, asked.principal, asked.params.room);
        const { sender, text, ref } = asked.body;
        const waitS = takePost(asked);
        if (waitS > 0) throw tooMany(waitS);
        const guid = await new Promise<string>((resolve, reject) => {
          rooms.post(room, sender, text, "client", (outcome) => {
            if (outcome.ok) resolve(outcome.message.guid);
            else reject(outcome.error);
          });
        });
        return { guid, ref };
      },
    }),
    route({
      ...{ method: "GET", path: "/api/v1/rooms/{room}/participants", access: "read" },
      summary: "Who wrote in the last 24 hours and who is connected now",
      ...{ params: shapes.roomParams, response: z.object({ participants: z.array(shapes.participant) }) },
      handle: ({ principal, params }) => ({
        participants: participantsIn(openRoom(sources, principal, params.room), sources),
      }),
    }),
  ];
}

function adminRoutes({ sources, moderation, clients }: RouteParts): Route[] {
  return [
    route({
      ...{ method: "PUT", path: "/api/v1/rooms/{room}/topic", access: "admin" },
      summary: "What the room is about now; null for that of the configuration",
      ...{ params: shapes.roomParams, body: shapes.topicBody, response: ok },
      handle: ({ principal, params, body }) => {
        const room = seenRoom(sources, principal, params.room);
        moderation.setTopic(room.name, body.topic);
        clients.topicChanged(room);
        return { ok: true };
      },
    }),
    route({
      ...{ method: "GET", path: "/api/v1/rooms/{room}/muted", access: "admin", summary: "Senders who are muted" },
      ...{ params: shapes.roomParams, response: z.object({ muted: z.array(shapes.muted) }) },
      handle: ({ principal, params }) => {
        const muted = moderation.mutedIn(seenRoom(sources, principal, params.room).name);
        const seconds = (ms: number | null): number | null => (ms === null ? null : Math.floor(ms / 1000));
        return {
          muted: muted.map(({ sender, since, until }) => ({ sender, since: seconds(since), until: seconds(until) })),
        };
      },
    }),
    route({
      ...{ method: "PUT", path: "/api/v1/rooms/{room}/muted/{sender}", access: "admin" },
      summary: "Mutes a sender: posts are refused, and what comes by radio is not kept",
      ...{ params: shapes.mutedParams, body: shapes.muteBody, response: ok },
      handle: ({ principal, params, body }) => {
        moderation.mute(seenRoom(sources, principal, params.room).name, params.sender, body.for_s ?? null);
        return { ok: true };
      },
    }),
    route({
      ...{ method: "DELETE", path: "/api/v1/rooms/{room}/muted/{sender}", access: "admin" },
      summary: "Lets a muted sender speak again",
      ...{ params: shapes.mutedParams, response: ok },
      handle: ({ principal, params }) => {
        const isGone = moderation.unmute(seenRoom(sources, principal, params.room).name, params.sender);
        if (!isGone) throw new HttpError(404, "not_muted", `${JSON.stringify(params.sender)} is not muted`);
        return { ok: true };
      },
    }),
    route({
      ...{ method: "POST", path: "/api/v1/notice", access: "admin", summary: "Tells connected clients something" },
      ...{ body: shapes.noticeBody, response: z.object({ clients: z.number().int() }) },
      handle: ({ principal, body }) => {
        // To everybody is more than somebody kept to some rooms may do.
        if (body.room === undefined && principal.rooms !== null) {
          throw new HttpError(403, "forbidden", "this token is for some rooms: name the room");
        }
        const room = body.room === undefined ? null : seenRoom(sources, principal, body.room);
        return { clients: clients.notice(body.text, room) };
      },
    }),
  ];
}

/** A room that the principal may know of. Else it is not there, in the same words as for a name that nobody has. */
function seenRoom({ rooms }: StatusSources, principal: Principal, name: string): Room {
  const room = rooms.get(name);
  if (room !== undefined && maySee(principal, room)) return room;
  throw new RoomError("unknown_room", `there is no room ${JSON.stringify(name)}`);
}

function openRoom(sources: StatusSources, principal: Principal, name: string): Room {
  const room = seenRoom(sources, principal, name);
  if (mayOpen(principal, room)) return room;
  throw new HttpError(403, "proof_failed", `"${name}" is private: use a token, or join it over /ws with a proof`);
}

function tooMany(waitS: number): Error {
  return new Wait(`too many messages: the next may come in ${waitS} s`, waitS);
}
