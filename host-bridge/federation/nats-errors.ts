import { RoomError } from "../errors.ts";

/** Numbers of JetStream's own errors (server/errors.json of nats-server) that a person can do something about. */
const API: Record<number, [code: string, message: string, hint: string]> = {
  10039: ["backbone_jetstream", "JetStream is off for this account", "turn it on for the account that the bridges use"],
  10074: [
    "backbone_jetstream",
    "these NATS servers are no cluster, and cannot keep several copies",
    "join them to a cluster of JetStream, or set federation.backbone_replicas to 1",
  ],
  10005: [
    "backbone_jetstream",
    "there are fewer NATS servers with JetStream than copies are to be kept",
    "start the others, or set federation.backbone_replicas to a lower number",
  ],
  10065: [
    "backbone_stream",
    "another stream has these subjects",
    "choose another federation.backbone_stream, the same at every bridge",
  ],
  10058: [
    "backbone_stream",
    "the stream is there with other settings",
    "choose another federation.backbone_stream, the same at every bridge",
  ],
};
const OFF = new RoomError("backbone_jetstream", "no NATS server with JetStream answers", {
  hint: "is `jetstream` in the configuration of the NATS servers, and are more than half of them running?",
});
const SILENT = new RoomError("backbone_silent", "JetStream does not answer", {
  hint: "more than half of the NATS servers must be running, and reach each other",
});
const AWAY = new RoomError("backbone_unreachable", "no NATS server answers", {
  hint: "are they running, and reachable from here? Members keep what they have meanwhile",
});
const REFUSED = new RoomError("backbone_refused", "the NATS servers do not accept who we say we are", {
  hint: "check federation.backbone_user, backbone_password, backbone_creds and backbone_cert against the NATS servers",
});
const FORBIDDEN = new RoomError("backbone_refused", "the NATS servers do not allow us what a bridge needs", {
  hint: "allow the user publish and subscribe on `$JS.API.>`, `_INBOX.>` and the stream's subjects",
});
const NO_TLS = new RoomError("backbone_tls", "the NATS servers do not speak TLS", {
  hint: "use nats:// in federation.backbone, or give the NATS servers certificates",
});
const BAD_TLS = new RoomError("backbone_tls", "no TLS with the NATS servers", {
  hint: "federation.backbone_ca must be who signed their certificates, and those must have the names of federation.backbone",
});
const TLS_CODES = /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH)/;

/** What the client library throws, in words of ours: its own may hold addresses with passwords. */
export function backboneError(error: unknown): RoomError {
  if (error instanceof RoomError) return error;
  const chain = [error, (error as Error | undefined)?.cause].filter((one) => one instanceof Error);
  for (const one of chain) {
    const { name, message, code } = one as NodeJS.ErrnoException;
    if (name === "AuthorizationError" || name === "UserAuthenticationExpiredError") return REFUSED;
    if (name === "PermissionViolationError") return FORBIDDEN;
    if (name === "JetStreamApiError") return apiError(one as Error & { code: number });
    if (name === "JetStreamNotEnabled" || name === "NoResponders") return OFF;
    if (name === "TimeoutError" || name.startsWith("JetStream")) return SILENT;
    if (/does not support 'tls'/.test(message)) return NO_TLS;
    if (TLS_CODES.test(String(code ?? "")) || /tls|certificate/i.test(message)) return tlsError(String(code ?? ""));
  }
  return AWAY;
}

function apiError({ code }: { code: number }): RoomError {
  const known = API[code];
  if (known === undefined)
    return new RoomError(SILENT.code, SILENT.message, { found: `error ${code}`, hint: SILENT.hint });
  const [name, message, hint] = known;
  return new RoomError(name, message, { hint });
}

const tlsError = (found: string): RoomError =>
  found === "" ? BAD_TLS : new RoomError(BAD_TLS.code, BAD_TLS.message, { found, hint: BAD_TLS.hint });
