// Our own key, and adverts signed with it.
import {
  ADVERT_ROOM,
  APP_AT,
  encodeAppData,
  SIGNATURE_AT,
  signedMessage,
  TIMESTAMP_AT,
} from "../../protocol/advert.ts";
import { view, writeU32 } from "../../protocol/bytes.ts";
import type { CurvePort, CurveWork } from "../../protocol/curve.ts";
import { PRIORITY_ADVERT, ROUTE_DIRECT, TYPE_ADVERT } from "../../protocol/packet.ts";
import type { Adverts } from "../adverts.ts";

/** Numbers of OWN. */
const KEY = 1;
const FLOOD = 3;

/** Begins the work on what is wanted: a key first, when we have none. */
export function ownAdvert(adverts: Adverts, own: number): void {
  const { hal, mesh } = adverts;
  const curve = adverts.curve as CurvePort;
  if (adverts.newKey || !adverts.identity.length) {
    makeKey();
    return;
  }
  if (own === KEY) return;
  const { name, latE6, lonE6 } = mesh.prefs;
  const app = encodeAppData(ADVERT_ROOM, latE6, lonE6, hal.toBytes(name));
  const payload = new Uint8Array(APP_AT + app.length);
  payload.set(mesh.publicKey);
  // Receivers refuse one that is not newer than the last.
  writeU32(payload, TIMESTAMP_AT, adverts.store.stamp());
  payload.set(app, APP_AT);
  adverts.end = (signature: Uint8Array): void => {
    payload.set(signature, SIGNATURE_AT);
    if (own === FLOOD) mesh.send(TYPE_ADVERT, payload, PRIORITY_ADVERT, 0);
    else mesh.queueOwn(ROUTE_DIRECT, TYPE_ADVERT, payload, PRIORITY_ADVERT, 0, 0);
  };
  const message = signedMessage(payload, 0, payload.length);
  adverts.task = (): void => {
    adverts.work = curve.sign(view(adverts.identity, 0, 64), mesh.publicKey, message) as CurveWork<never>;
  };

  function makeKey(): void {
    const key = adverts.newKey || draw();
    const done = adverts.keyDone;
    adverts.newKey = null;
    const isKey = key.length === 64 && (key[0] & 7) === 0 && key[31] >> 6 === 1;
    adverts.end = (publicKey: Uint8Array): void => {
      // MeshCore gives neither of the two to anybody.
      const isFree = isKey && publicKey[0] !== 0 && publicKey[0] !== 255;
      if (isFree) {
        const identity = new Uint8Array(96);
        identity.set(key);
        identity.set(publicKey, 64);
        adverts.setIdentity(identity);
        adverts.keep();
      }
      // Somebody may have come with another key meanwhile.
      if (adverts.keyDone === done) adverts.keyDone = null;
      if (done) done(isFree ? publicKey : null);
      // Another one; or now to what is wanted of it.
      if (own !== KEY || (!isFree && !done)) adverts.want(own);
    };
    adverts.task = (): void => {
      adverts.work = (isKey ? curve.publicKey(key) : { step: () => true }) as CurveWork<never>;
    };
  }

  /** A private key as MeshCore makes it: the hash of random numbers, clamped. The time at which each is drawn is chance as well. */
  function draw(): Uint8Array {
    const chance = new Uint32Array(16);
    for (let i = 0; i < 12; i++) chance[i] = hal.random();
    chance[12] = hal.now() * 1e6;
    chance[13] = mesh.radio.noiseFloor;
    chance[14] = mesh.radio.signal;
    const key = hal.crypto.sha512(new Uint8Array(chance.buffer));
    key[0] &= 248;
    key[31] = (key[31] & 63) | 64;
    return key;
  }
}
