// Boards that cannot work on the curve and whose random numbers are weak (ESP32-S3): their host has the private key, answers which
// adverts of others are real, and signs ours ahead. docs/link.md: CheckAdvert, WantAdverts.
import { ADVERT_ROOM, APP_AT, encodeAppData, MAX_APP, TIMESTAMP_AT } from "../../protocol/advert.ts";
import { equalBytes, readU16, readU32, view, writeU16, writeU32 } from "../../protocol/bytes.ts";
import { fieldAt } from "../../protocol/codec.ts";
import type { CurvePort, CurveWork } from "../../protocol/curve.ts";
import { CheckAdvert, StockAdvert, Verdict, WantAdverts } from "../../protocol/link.ts";
import { AROUND } from "../../protocol/link-frame.ts";
import { PRIORITY_ADVERT, ROUTE_DIRECT, TYPE_ADVERT } from "../../protocol/packet.ts";
import type { Adverts } from "../adverts.ts";

/** Numbers of OWN. */
const KEY = 1;
const FLOOD = 3;
/** Adverts in the stock, and how few of the future are left when we ask for more. */
const STOCK = 16;
const LOW = 8;
const HEAD = 4;
const IN = 1;
const ANSWER_MS = 5000;
const ASK_AGAIN_MS = 10000;
/** How often a stock is saved, and how long one takes to arrive. */
const KEEP_MS = 6 * 3600000;
const KEEP_AFTER_MS = 5000;

/** The half of a CurvePort that a host can be. No answer, no host: then the advert counts as forged, and nobody is a neighbour. */
export function hostCurve(adverts: Adverts): CurvePort {
  const { hal, link } = adverts;
  return {
    verify: (_, message, signature) => {
      const fields = new Uint8Array(CheckAdvert.size + message.length);
      const id = (adverts.question = (adverts.question + 1) & 0xffff);
      const untilMs = hal.nowMs() + ANSWER_MS;
      adverts.verdict = -1;
      writeU16(fields, fieldAt(CheckAdvert, "id"), id);
      fields.set(signature, fieldAt(CheckAdvert, "signature"));
      fields.set(message, CheckAdvert.size);
      const work: CurveWork<boolean> = {
        step: () => {
          work.value = adverts.verdict === 1;
          return adverts.verdict >= 0 || hal.nowMs() > untilMs || !link.hasHost();
        },
      };
      if (link.hasHost()) link.sendFields(CheckAdvert.type, fields);
      return work;
    },
  } as CurvePort;
}

/** Sends the newest advert of the stock that is not of the future, and asks for more when there are few. */
export function stockAdvert(adverts: Adverts, own: number): void {
  const { hal, mesh, link, identity } = adverts;
  const { name, latE6, lonE6, advertMin, floodAdvertH } = mesh.prefs;
  const app = encodeAppData(ADVERT_ROOM, latE6, lonE6, hal.toBytes(name));
  const length = identity.length ? identity[0] : 0;
  const now = adverts.clock.unixTime();
  let best = 0;
  let left = 0;
  // Name or place may be others by now.
  if (length && equalBytes(view(identity, HEAD + APP_AT, length - APP_AT), app)) {
    for (let at = HEAD; at < identity.length; at += length) {
      const time = readU32(identity, at + TIMESTAMP_AT);
      if (time > now) left++;
      else if (time > adverts.lastTime) best = at;
    }
  }
  if (best && own !== KEY) {
    const payload = view(identity, best, length);
    adverts.lastTime = readU32(payload, TIMESTAMP_AT);
    if (own === FLOOD) mesh.send(TYPE_ADVERT, payload, PRIORITY_ADVERT, 0);
    else mesh.queueOwn(ROUTE_DIRECT, TYPE_ADVERT, payload, PRIORITY_ADVERT, 0, 0);
  }
  const nowMs = hal.nowMs();
  const isShort = left < LOW || (!best && own !== KEY);
  if (!isShort || !link.hasHost() || nowMs - adverts.askedMs < ASK_AGAIN_MS) return;
  adverts.askedMs = nowMs;
  if (!best && own !== KEY) adverts.late = own;
  const fields = new Uint8Array(WantAdverts.size + app.length);
  writeU32(fields, fieldAt(WantAdverts, "after"), adverts.lastTime);
  writeU32(fields, fieldAt(WantAdverts, "intervalS"), advertMin * 60 || floodAdvertH * 3600 || 3600);
  fields[fieldAt(WantAdverts, "count")] = STOCK;
  fields.set(app, WantAdverts.size);
  link.sendFields(WantAdverts.type, fields);
}

/** What the host says: the body of a Verdict or a StockAdvert. */
export function fromHost(adverts: Adverts, body: Uint8Array): void {
  if (body[0] === Verdict.type) {
    if (readU16(body, IN + fieldAt(Verdict, "id")) === adverts.question) {
      adverts.verdict = body[IN + fieldAt(Verdict, "valid")] ? 1 : 0;
    }
    return;
  }
  const payload = view(body, IN + StockAdvert.size, body.length - AROUND - StockAdvert.size);
  const length = payload.length;
  if (length <= APP_AT || length > APP_AT + MAX_APP) return;
  const { identity } = adverts;
  const old = identity.length && identity[0] === length ? identity : new Uint8Array(HEAD);
  // What is not older than this one was meant to stand in its place; of what stays, the newest.
  const time = readU32(payload, TIMESTAMP_AT);
  let end = HEAD;
  while (end < old.length && readU32(old, end + TIMESTAMP_AT) < time) end += length;
  const from = Math.max(HEAD, end - (STOCK - 1) * length);
  const next = new Uint8Array(HEAD + end - from + length);
  next[0] = length;
  next.set(view(old, from, end - from), HEAD);
  next.set(payload, HEAD + end - from);
  adverts.setIdentity(next);
  if (adverts.late) adverts.want(adverts.late);
  adverts.late = 0;
  const nowMs = adverts.hal.nowMs();
  if (nowMs < adverts.keepMs) return;
  adverts.keepMs = nowMs + KEEP_MS;
  adverts.hal.after(() => adverts.keep(), KEEP_AFTER_MS);
}
