// An advert of somebody else: is it really theirs? Then they are a neighbour.
import { APP_AT, parseAdvert, SIGNATURE_AT, signedMessage } from "../../protocol/advert.ts";
import { equalBytes, view } from "../../protocol/bytes.ts";
import type { CurvePort } from "../../protocol/curve.ts";
import type { AdvertJob, Adverts } from "../adverts.ts";
import { hearTime } from "./keep.ts";
import { NEIGHBOUR, NEIGHBOUR_BYTES, NEIGHBOURS } from "./neighbour-row.ts";

/** Begins the work on it; its end tells `job.done`. */
export function checkAdvert(adverts: Adverts, job: AdvertJob): void {
  const { bytes, at, length } = job;
  const key = view(bytes, at, 32);
  if (length < APP_AT || equalBytes(key, adverts.mesh.publicKey)) return;
  const signature = view(bytes, at + SIGNATURE_AT, 64);
  adverts.end = (valid: boolean): void => {
    job.done(valid);
    if (valid) list();
    else adverts.forged++;
  };
  adverts.work = (adverts.curve as CurvePort).verify(key, signedMessage(bytes, at, length), signature) as never;

  /** A row of the table, the longest unheard one for a node that has none. Nodes without a name are no neighbours (BaseChatMesh). */
  function list(): void {
    const advert = parseAdvert(bytes, at, length);
    if (!advert || !advert.name.length) return;
    if (!adverts.clock.isSet()) hearTime(adverts.store, advert.timestamp, adverts.hal.toText(advert.name) + "");
    const { table } = adverts;
    const words = new Uint32Array(table.buffer);
    const step = NEIGHBOUR_BYTES / 4;
    const first = new Uint32Array(new Uint8Array(key).buffer)[0];
    let row = 0;
    for (let i = 0; i < NEIGHBOURS; i++) {
      const word = i * step;
      if (words[word] === first && equalBytes(view(table, i * NEIGHBOUR_BYTES, 32), key)) {
        if (advert.timestamp <= words[word + NEIGHBOUR.time / 4]) return;
        row = i;
        break;
      }
      if (words[word + NEIGHBOUR.heard / 4] < words[row * step + NEIGHBOUR.heard / 4]) row = i;
    }
    const to = row * NEIGHBOUR_BYTES;
    const word = row * step;
    view(table, to, NEIGHBOUR_BYTES).fill(0);
    table.set(key, to);
    words[word + NEIGHBOUR.time / 4] = advert.timestamp;
    words[word + NEIGHBOUR.heard / 4] = adverts.hal.now() + 1;
    words[word + NEIGHBOUR.lat / 4] = advert.latE6;
    words[word + NEIGHBOUR.lon / 4] = advert.lonE6;
    table[to + NEIGHBOUR.type] = advert.type;
    table[to + NEIGHBOUR.snr] = job.signal >> 16;
    table[to + NEIGHBOUR.rssi] = Math.max(0, ((job.signal << 16) >> 16) + 128);
    table[to + NEIGHBOUR.hops] = job.hops;
    table.set(advert.name, to + NEIGHBOUR.name);
  }
}
