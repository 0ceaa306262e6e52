/** What an alert can be about, besides nodes. */
export const TROUBLES = ["board", "peer", "broker", "duty_cycle", "store"] as const;
export type TroubleKind = (typeof TROUBLES)[number];

/** Something of this server's own is not as it should be, or is again. */
export interface Trouble {
  what: TroubleKind;
  /** The board, the peer or the broker; the store's is its error code. */
  id: string;
  state: "raised" | "ok";
  /** A sentence for the operator. */
  text: string;
}

/** An alert that stands, as /status shows it. */
export interface AlertView {
  what: "node" | TroubleKind;
  /** Of a node its public key. */
  id: string;
  name: string;
  text: string;
  /** Unix seconds at which it was raised, or of a node at which it was heard last; null while our clock is not set. */
  since: number | null;
}

/** What the webhook is sent: docs/schemas/webhook.json. */
export interface Notice extends AlertView {
  /** Name of this server. */
  server: string;
  state: "silent" | "raised" | "ok";
  /** Unix seconds, null while our clock is not set. */
  time: number | null;
}
