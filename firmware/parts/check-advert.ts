// An advert of somebody else: is it really theirs? Then they are a neighbour.
import { type Advert, APP_AT, parseAdvert, SIGNATURE_AT, signedMessage } from "../../protocol/advert.ts";
import { view } from "../../protocol/bytes.ts";
import type { CurvePort } from "../../protocol/curve.ts";
import type { Adverts } from "../adverts.ts";
import type { AdvertJob } from "../mesh.ts";
import { hearTime } from "./keep.ts";
import { NEIGHBOUR, NEIGHBOUR_BYTES } from "./neighbour-row.ts";

/** Begins the work on it; its end tells `job.done`. */
export function checkAdvert(adverts: Adverts, job: AdvertJob): void {
  const { bytes, at, length } = job;
  const key = view(bytes, at, 32);
  const toText = adverts.hal.toText;
  // As texts: the engine compares those at once.
  const keyText = toText(key) + "";
  if (length < APP_AT || keyText === toText(adverts.mesh.publicKey)) return;
  const signature = view(bytes, at + SIGNATURE_AT, 64);
  adverts.end = (valid: boolean): void => {
    job.done(valid);
    if (valid) adverts.hal.after(read, 1);
    else adverts.forged++;
  };
  adverts.work = (adverts.curve as CurvePort).verify(key, signedMessage(bytes, at, length), signature) as never;

  function read(): void {
    const advert = parseAdvert(bytes, at, length);
    // Nodes without a name are no neighbours (BaseChatMesh).
    if (!advert || !advert.name.length) return;
    if (!adverts.clock.isSet()) hearTime(adverts.store, advert.timestamp, toText(advert.name) + "");
    adverts.hal.after(() => list(advert), 1);
  }

  /** A row of the table, the longest unheard one for a node that has none. */
  function list(advert: Advert): void {
    const { table, firsts, heard } = adverts;
    const words = new Uint32Array(table.buffer);
    const first = new Uint32Array(new Uint8Array(key).buffer)[0];
    let row = firsts.indexOf(first);
    if (row >= 0 && toText(view(table, row * NEIGHBOUR_BYTES, 32)) === keyText) {
      if (heard[row] && advert.timestamp <= words[(row * NEIGHBOUR_BYTES + NEIGHBOUR.time) / 4]) return;
    } else {
      row = heard.indexOf(Math.min.apply(null, heard as unknown as number[]));
    }
    const to = row * NEIGHBOUR_BYTES;
    firsts[row] = first;
    heard[row] = adverts.hal.now() + 1;
    view(table, to + NEIGHBOUR.name, 32).fill(0);
    table.set(key, to);
    words[(to + NEIGHBOUR.time) / 4] = advert.timestamp;
    words[(to + NEIGHBOUR.lat) / 4] = advert.latE6;
    words[(to + NEIGHBOUR.lon) / 4] = advert.lonE6;
    table[to + NEIGHBOUR.type] = advert.type;
    table[to + NEIGHBOUR.snr] = job.signal >> 16;
    table[to + NEIGHBOUR.rssi] = Math.max(0, ((job.signal << 16) >> 16) + 128);
    table[to + NEIGHBOUR.hops] = job.hops;
    table.set(advert.name, to + NEIGHBOUR.name);
  }
}
