// What MeshCore's KISS modem answers where it takes the curve: VerifySignature, SignData, KeyExchange. Evaluated anew for each. The
// work waits for its turn beside that on adverts (adverts.ts).
import { view } from "../../protocol/bytes.ts";
import type { CurvePort, CurveWork } from "../../protocol/curve.ts";
import {
  KISS_ANSWER,
  KISS_ERROR,
  KISS_INVALID_LENGTH,
  KISS_INVALID_PARAM,
  KISS_LEAST,
  KISS_NO_CALLBACK,
  KISS_TX_BUSY,
} from "../../protocol/kiss-modem.ts";
import type { Adverts } from "../adverts.ts";

/** Where things begin in a request. */
const DATA = 1;
const BEHIND_KEY = 33;
const BEHIND_SIGNATURE = 97;
/** Bytes of a private key; in an identity the public one stands behind it. */
const PRIVATE = 64;

/** `answer` gets the body of the answer to `text`, number and data of a request; both are byte strings. */
export function kissCurve(adverts: Adverts, text: string, answer: (body: string) => void): void {
  const { hal } = adverts;
  const request = hal.toBytes(text);
  const number = request[0];
  const error = (code: number): string => String.fromCharCode(KISS_ERROR, code);
  const bytes = (at: number, length: number): Uint8Array => view(request, at, length);

  /** Once, with the body of the answer. */
  const leave = (body: string): void => {
    if (adverts.guest === enter) adverts.guest = null;
    answer(body);
  };
  /** Begins the work; without a curve it failed. */
  const enter = (curve: CurvePort | null): void => {
    const { identity } = adverts;
    let work: CurveWork<Uint8Array | boolean>;
    if (!curve) {
      // For want of memory in one piece: another time there may be some.
      leave(error(KISS_TX_BUSY));
      return;
    }
    if (number === 3)
      work = curve.verify(
        bytes(DATA, 32),
        bytes(BEHIND_SIGNATURE, request.length - BEHIND_SIGNATURE),
        bytes(BEHIND_KEY, 64),
      );
    else if (number === 4)
      work = curve.sign(view(identity, 0, PRIVATE), view(identity, PRIVATE, 32), bytes(DATA, request.length - DATA));
    else work = curve.shared(view(identity, 0, PRIVATE), bytes(DATA, 32));
    adverts.end = (value: Uint8Array | boolean): void => {
      const data = typeof value === "boolean" ? String.fromCharCode(value ? 1 : 0) : hal.toText(value);
      // Of a public key that nobody has a private one for.
      const isPoor = number === 7 && data === hal.toText(new Uint8Array(32));
      leave(isPoor ? error(KISS_INVALID_PARAM) : String.fromCharCode(number | KISS_ANSWER) + data);
    };
    adverts.work = work as CurveWork<never>;
  };

  if (request.length - DATA < KISS_LEAST[number - 1]) answer(error(KISS_INVALID_LENGTH));
  else if (number !== 3 && !adverts.identity.length) answer(error(KISS_NO_CALLBACK));
  else adverts.visit(enter);
}
