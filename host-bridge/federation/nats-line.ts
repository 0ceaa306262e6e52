import { readFileSync } from "node:fs";
import type { JetStreamClient, JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { addressText } from "../config/address.ts";
import { fileProblem } from "../config/read.ts";
import type { BackboneConfig } from "../config/schema.ts";
import { RoomError } from "../errors.ts";

const CONNECT_MS = 3000;
/** An election of a new leader takes up to four seconds. */
const ANSWER_MS = 5000;
const PING_MS = 4000;
/** JetStream knows for so long which messages it has. */
const DEDUPE_MS = 2 * 60_000;
/** A reader that is gone is forgotten after this time. */
const FORGET_READER_MS = 30_000;
const FETCH = { max_messages: 500, expires: 10_000, idle_heartbeat: 2000 };
const NS_PER_MS = 1_000_000;

/** A message as the stream delivers it. */
export interface Delivered {
  subject: string;
  data: Uint8Array;
  seq: number;
  /** When it was stored, Unix milliseconds of the NATS server's clock. */
  timeMs: number;
  /** How many come after it. */
  pending: number;
}

/** One connection to one of the NATS servers of a backbone. When anything about it fails, it is closed and another one opened. */
export class NatsLine {
  /** The server that answered, as host:port. */
  readonly server: string;
  /** Tells this stream from one of the same name that was there before it. */
  readonly created: string;
  /** The stream's last number when the line was opened. */
  readonly lastSeq: number;
  private readonly connection: NatsConnection;
  private readonly stream: string;
  private readonly js: JetStreamClient;
  private readonly jsm: JetStreamManager;

  private constructor(connection: NatsConnection, js: JetStreamClient, jsm: JetStreamManager, info: StreamInfo) {
    this.connection = connection;
    this.stream = info.config.name;
    this.js = js;
    this.jsm = jsm;
    this.server = connection.getServer();
    this.created = info.created;
    this.lastSeq = info.state.last_seq;
  }

  /** Connects with the first of the servers that answers, and makes the stream where it is not there. Throws what backboneError() has the words for. */
  static async open(config: BackboneConfig, name: string, maxMessages: number): Promise<NatsLine> {
    const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
    const connection = await dial(config, name);
    try {
      const js = jetstream(connection, { timeout: ANSWER_MS });
      const jsm = await jetstreamManager(connection, { timeout: ANSWER_MS, checkAPI: false });
      return new NatsLine(connection, js, jsm, await openStream(jsm, config, maxMessages));
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Resolves when the line is closed, whoever did it, with what was wrong. */
  async closed(): Promise<unknown> {
    return (await this.connection.closed()) ?? new RoomError("backbone_unreachable", "connection closed");
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  /** Resolves when it is on a majority; or when a message of this id is, or is about to be: then `isDouble`. */
  async publish(subject: string, data: Uint8Array, id: string | null): Promise<{ seq: number; isDouble: boolean }> {
    const expect = { streamName: this.stream };
    const { seq, duplicate } = await this.js.publish(subject, data, { expect, ...(id === null ? {} : { msgID: id }) });
    return { seq, isDouble: duplicate };
  }

  /** When the message of this number was stored; null where it is gone. */
  async timeOf(seq: number): Promise<number | null> {
    const found = await this.jsm.streams.getMessage(this.stream, { seq });
    return found === null ? null : found.time.getTime();
  }

  /**
   * Everything behind a number, in order and without a gap, until it throws. `take` is called for each; `started` once, with how
   * many there are now.
   */
  async read(after: number, take: (message: Delivered) => void, started: (count: number) => void): Promise<never> {
    const { AckPolicy, DeliverPolicy } = await import("@nats-io/jetstream");
    const reader = await this.jsm.consumers.add(this.stream, {
      ...{ ack_policy: AckPolicy.None, deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after + 1 },
      // It is lost with its server, and made anew.
      ...{ mem_storage: true, num_replicas: 1, max_deliver: 1, inactive_threshold: FORGET_READER_MS * NS_PER_MS },
    });
    started(reader.num_pending);
    const consumer = this.js.consumers.getConsumerFromInfo(reader);
    for (let delivered = 0; ; ) {
      for await (const { subject, data, seq, time, info } of await consumer.fetch(FETCH)) {
        // One was lost on the way, and it is not sent again.
        if (info.deliverySequence !== ++delivered)
          throw new RoomError("backbone_silent", "a message was lost on the way");
        take({ subject, data, seq, timeMs: time.getTime(), pending: info.pending });
      }
      if (this.connection.isClosed()) throw await this.closed();
    }
  }
}

async function dial(config: BackboneConfig, name: string): Promise<NatsConnection> {
  // Nobody else has to load it.
  const { connect, credsAuthenticator } = await import("@nats-io/transport-node");
  const { servers, isTls, user, password, creds, tls } = config;
  return await connect({
    ...{ servers: servers.map(addressText), noRandomize: true, name, timeout: CONNECT_MS, reconnect: false },
    ...{ pingInterval: PING_MS, maxPingOut: 2, noAsyncTraces: true },
    ...(user === null ? {} : { user, pass: password ?? "" }),
    ...(creds === null ? {} : { authenticator: credsAuthenticator(readCreds(creds)) }),
    tls: isTls
      ? { ca: pem(tls.ca, "backbone_ca"), cert: pem(tls.cert, "backbone_cert"), key: pem(tls.key, "backbone_key") }
      : null,
  });
}

/** Do they answer, and is JetStream there? Changes nothing. Throws what backboneError() has the words for. */
export async function tryNats(config: BackboneConfig): Promise<void> {
  const { jetstreamManager } = await import("@nats-io/jetstream");
  const connection = await dial(config, "meshcore-room doctor");
  try {
    await (await jetstreamManager(connection, { timeout: ANSWER_MS })).getAccountInfo();
  } finally {
    await connection.close();
  }
}

/** The stream with the settings that a hub needs; what an operator has set beyond them stays. */
async function openStream(jsm: JetStreamManager, config: BackboneConfig, maxMessages: number): Promise<StreamInfo> {
  const { DiscardPolicy, RetentionPolicy, StorageType } = await import("@nats-io/jetstream");
  const { stream: name, replicas } = config;
  const subjects = [`${name}.>`];
  let found: StreamInfo;
  try {
    found = await jsm.streams.info(name);
  } catch (error) {
    if ((error as Error).name !== "StreamNotFoundError") throw error;
    return await jsm.streams.add({
      ...{ name, subjects, num_replicas: replicas, max_msgs_per_subject: maxMessages },
      ...{ retention: RetentionPolicy.Limits, storage: StorageType.File, discard: DiscardPolicy.Old },
      duplicate_window: DEDUPE_MS * NS_PER_MS,
    });
  }
  const { subjects: theirs, retention, max_msgs_per_subject: most, num_replicas: copies } = found.config;
  if (retention !== "limits" || theirs.length !== 1 || theirs[0] !== subjects[0]) {
    throw new RoomError("backbone_stream", `the stream "${name}" is there and is something else`, {
      expected: `the subjects ${subjects[0]} and retention by limits`,
      found: `${theirs.join(", ")} and retention by ${retention}`,
      hint: "choose another federation.backbone_stream, the same at every bridge",
    });
  }
  // The bridge that wants most has its way.
  const wanted = {
    max_msgs_per_subject: most <= 0 ? most : Math.max(most, maxMessages),
    num_replicas: Math.max(copies, replicas),
  };
  if (wanted.max_msgs_per_subject === most && wanted.num_replicas === copies) return found;
  return await jsm.streams.update(name, { ...found.config, ...wanted });
}

/** A server that asks for none would never say that it is no such file. */
function readCreds(path: string): Uint8Array {
  const found = read(path, "backbone_creds");
  if (/-BEGIN NATS USER JWT-[\s\S]+-BEGIN USER NKEY SEED-/.test(new TextDecoder().decode(found))) return found;
  const expected = "a user's .creds file";
  throw new RoomError("backbone_file", `federation.backbone_creds: ${path}`, { expected, hint: "make it with nsc" });
}

const pem = (path: string | null, key: string): string | undefined =>
  path === null ? undefined : new TextDecoder().decode(read(path, key));

function read(path: string, key: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const { expected, found, hint } = fileProblem(error);
    throw new RoomError("backbone_file", `federation.${key}: ${path}`, { expected, found, hint });
  }
}
