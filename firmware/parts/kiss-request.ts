// What MeshCore's KISS modem answers to a SetHardware request (docs/kiss.md). Evaluated anew for each; those of kiss-crypto.ts and
// kiss-curve.ts are not here.
import { readU32, view } from "../../protocol/bytes.ts";
import {
  KISS_ANSWER,
  KISS_ERROR,
  KISS_INVALID_LENGTH,
  KISS_INVALID_PARAM,
  KISS_LEAST,
  KISS_NO_CALLBACK,
  KISS_OK,
  KISS_TX_BUSY,
  KISS_UNKNOWN_COMMAND,
  KISS_VERSION,
} from "../../protocol/kiss-modem.ts";
import { COUNT } from "../counters.ts";
import type { Hal } from "../hal.ts";
import type { Mesh, RawPort } from "../mesh.ts";
import type { Settings } from "../settings.ts";
import { GET_RSSI } from "../sx126x-table.ts";

/** Where data begins in a request. */
const DATA = 1;
const REBOOT_MS = 100;
/** Celsius; NaN is not above it. */
const ABSOLUTE_ZERO = -273;

// Of GetSensors: what may be told, and records of Cayenne's low power payload for channel 1.
const MAY_TELL_BATTERY = 1;
const MAY_TELL_PLACE = 2;
const VOLTAGE = "\x01\x74";
const GPS = "\x01\x88";

/** The body of the answer to `text`, number and data of a request; both are byte strings. */
export function kissRequest(hal: Hal, mesh: Mesh, settings: Settings, port: RawPort, text: string): string {
  const radio = mesh.radio;
  const prefs = settings.prefs;
  const counters = mesh.counters;
  const request = hal.toBytes(text);
  const number = request[0];
  const size = request.length - DATA;

  const byte = (value: number): string => String.fromCharCode(value & 255);
  const half = (value: number): string => byte(value) + byte(value >> 8);
  const word = (value: number): string => half(value) + half(value >>> 16);
  /** Big endian. */
  const highHalf = (value: number): string => byte(value >> 8) + byte(value);
  const high24 = (value: number): string => byte(value >> 16) + highHalf(value);
  const error = (code: number): string => byte(KISS_ERROR) + byte(code);
  const answer = (data: string): string => byte(number | KISS_ANSWER) + data;
  const done = (isPossible: boolean): string => (isPossible ? byte(KISS_OK) : error(KISS_INVALID_PARAM));

  const setRadio = (freqHz: number, bwHz: number, sf: number, cr: number, powerDbm: number): string =>
    done(settings.setRadio({ freqHz, bwHz, sf, cr, powerDbm }, prefs.dutyPermille));

  const temperature = (): string => {
    const celsius = hal.celsius();
    return celsius > ABSOLUTE_ZERO ? answer(half(celsius * 10)) : error(KISS_NO_CALLBACK);
  };
  const sensors = (): string => {
    const millivolts = hal.batteryMv();
    let found = "";
    if (request[DATA] & MAY_TELL_BATTERY && millivolts) found += VOLTAGE + highHalf(millivolts / 10);
    if (request[DATA] & MAY_TELL_PLACE && (prefs.latE6 || prefs.lonE6))
      found += GPS + high24(Math.round(prefs.latE6 / 100)) + high24(Math.round(prefs.lonE6 / 100)) + high24(0);
    return answer(found);
  };

  if (size < KISS_LEAST[number - 1]) return error(KISS_INVALID_LENGTH);
  switch (number) {
    case 1:
      return mesh.publicKey.length ? answer(hal.toText(mesh.publicKey)) : error(KISS_NO_CALLBACK);
    // The board has no curve; where it has one they do not come here.
    case 3:
    case 4:
    case 7:
      return error(KISS_NO_CALLBACK);
    case 8:
      return answer(hal.toText(hal.crypto.sha256(view(request, DATA, size))));
    case 9:
      return setRadio(readU32(request, 1), readU32(request, 5), request[9], request[10], prefs.powerDbm);
    case 10:
      return setRadio(prefs.freqHz, prefs.bwHz, prefs.sf, prefs.cr, (request[DATA] << 24) >> 24);
    case 11:
      return answer(word(prefs.freqHz) + word(prefs.bwHz) + byte(prefs.sf) + byte(prefs.cr));
    case 12:
      return answer(byte(prefs.powerDbm));
    case 13:
      if (!radio.isReceiving()) return error(KISS_TX_BUSY);
      return answer(byte(-(hal.transfer(new Uint8Array([GET_RSSI, 0, 0]))[2] >> 1)));
    case 14:
      return answer(byte(radio.isReceiving() && radio.isClear() && !radio.isLoud() ? 0 : 1));
    case 15:
      return answer(word(mesh.airMs(request[DATA])));
    case 16:
      return answer(half(Math.round(radio.noiseFloor)));
    case 17:
      return answer(half(KISS_VERSION));
    case 18:
      return answer(
        word(counters[COUNT.rx]) +
          word(counters[COUNT.tx]) +
          word(counters[COUNT.crcErrors] + counters[COUNT.headerErrors]),
      );
    case 19:
      return answer(half(hal.batteryMv()));
    case 20:
      return temperature();
    case 21:
      return sensors();
    case 22:
      return answer(settings.board);
    case 23:
      return answer("");
    case 24:
      hal.after(() => settings.store.reboot(), REBOOT_MS);
      return done(true);
    case 25:
      port.report = request[DATA] !== 0;
      return byte(26 | KISS_ANSWER) + byte(port.report ? 1 : 0);
    case 26:
      return answer(byte(port.report ? 1 : 0));
  }
  return error(KISS_UNKNOWN_COMMAND);
}
