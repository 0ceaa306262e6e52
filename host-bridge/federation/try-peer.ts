import { randomBytes } from "node:crypto";
import { systemClock } from "../clock.ts";
import type { PeerConfig } from "../config/schema.ts";
import { RoomError } from "../errors.ts";
import type { Certificate } from "./certificate.ts";
import { Peer } from "./peer.ts";
import { pairKey } from "./proof.ts";
import { Session } from "./session.ts";

/**
 * Dials the peer once and goes no further than the proof of the secret, so that it does not take this for a server. Null when it
 * has the secret and, where that is pinned, the certificate; else why not. Never throws.
 */
export async function tryPeer(
  config: PeerConfig,
  certificate: Certificate,
  ca: string | null,
): Promise<RoomError | null> {
  const key = await pairKey(config.secret);
  return new Promise((settle) => {
    const peer = new Peer({
      ...{ config, certificate, ca, clock: systemClock, random: Math.random },
      unreachable: (_, error) => settle(error),
      dialled: (_, socket) => {
        new Session(socket, "dial", {
          ...{ server: randomBytes(16).toString("hex"), name: "", clock: systemClock, keys: [key] },
          objection: (_key, found) =>
            config.fingerprint === null || found === config.fingerprint
              ? new RoomError("peer_checked", "it only looked whether the secret fits")
              : new RoomError("peer_certificate", "its certificate is not the pinned one"),
          opened: () => undefined,
          closed: (_session, error) => settle(error?.code === "peer_checked" ? null : error),
        });
      },
    });
    peer.start();
  });
}
