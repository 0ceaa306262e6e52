// Why there is no connection to a broker, in words that an operator can act on.

export interface Fault {
  /** The end of a sentence, with what to do. */
  reason: string;
  /** Only a person can change it: looked at less often. */
  isHopeless: boolean;
  /** The broker does not speak this version of MQTT, or perhaps so. */
  isVersion: "yes" | "maybe" | "no";
}

const hopeless = (reason: string): Fault => ({ reason, isHopeless: true, isVersion: "no" });
const passing = (reason: string): Fault => ({ reason, isHopeless: false, isVersion: "no" });

const LOGIN = hopeless("it refuses user name or password; check mqtt.username and mqtt.password");
const CLIENT_ID = hopeless("it refuses the client id; set mqtt.client_id to one that it takes");
const VERSION: Fault = { reason: "it does not speak this version of MQTT", isHopeless: false, isVersion: "yes" };

/** By reason code of CONNACK or DISCONNECT: up to 5 those of MQTT 3.1.1, above those of MQTT 5. */
const CODES: Record<number, Fault> = {
  1: VERSION,
  132: VERSION,
  2: CLIENT_ID,
  133: CLIENT_ID,
  ...{ 4: LOGIN, 5: LOGIN, 134: LOGIN, 135: LOGIN, 140: LOGIN },
  138: hopeless("it has banned this client"),
  139: passing("it is shutting down"),
  142: hopeless("another client came with the same client id; give each server a mqtt.client_id of its own"),
};

const UNKNOWN_CA = hopeless("its certificate is of no authority that is known here; name its CA in mqtt.ca");
const NO_CLIENT_CERT = hopeless("it wants a client certificate; set mqtt.cert and mqtt.key");
const CLIENT_CERT = hopeless("it does not take the client certificate; check mqtt.cert and the broker's CA");

/** By the system's, Node's or OpenSSL's code. */
const SYSTEM: Record<string, Fault> = {
  ECONNREFUSED: passing("connection refused"),
  ETIMEDOUT: passing("no answer"),
  EHOSTUNREACH: passing("host unreachable"),
  ENETUNREACH: passing("network unreachable"),
  ENOTFOUND: passing("unknown host name"),
  EAI_AGAIN: passing("the name cannot be looked up"),
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  CERT_HAS_EXPIRED: hopeless("its certificate has expired"),
  ERR_TLS_CERT_ALTNAME_INVALID: hopeless("its certificate is for another name than the one in mqtt.broker"),
  ERR_SSL_WRONG_VERSION_NUMBER: hopeless("it does not speak TLS on this port; mqtt:// is without"),
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: NO_CLIENT_CERT,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: NO_CLIENT_CERT,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: CLIENT_CERT,
  ERR_SSL_TLS_ALERT_UNKNOWN_CA: CLIENT_CERT,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: CLIENT_CERT,
};

const CLOSED: Fault = { reason: "connection closed", isHopeless: false, isVersion: "maybe" };

/** What the last error before the end of a connection means; null is an end without one. */
export function faultOf(error: unknown): Fault {
  if (error === null) return CLOSED;
  const { code, message } = error as { code?: number | string; message?: string };
  if (typeof code === "number") return CODES[code] ?? passing(short(message));
  if (code === "ECONNRESET" || code === "EPIPE") return CLOSED;
  if (code !== undefined) return SYSTEM[code] ?? passing(short(`${code}: ${message}`));
  // mqtt-packet could not read the answer: an old broker's, or no broker's.
  return { ...passing(short(message)), isVersion: "maybe" };
}

const short = (text: string | undefined): string => (text ?? "unknown").slice(0, 160);
