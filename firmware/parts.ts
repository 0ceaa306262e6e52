// Code that a board needs now and then. Here, and in JerryScript's bundles, it is in memory like all the rest. For Espruino the
// build puts another part() in this one's place (firmware/build/parts.mjs): every part lies in the engine's storage, in the file
// mc.lib, is evaluated from there when it is asked for, and is forgotten when its caller forgets it.
import { protocolApi } from "../protocol/api.ts";
import { softCurve } from "../protocol/curve25519.ts";
import type { Hal } from "./hal.ts";
import { curveCode, nativeCurve } from "./native/native-curve.ts";
import { advertCommands } from "./parts/advert-commands.ts";
import { boardCommands } from "./parts/board-commands.ts";
import { checkAdvert } from "./parts/check-advert.ts";
import { findCommand } from "./parts/commands.ts";
import { forward } from "./parts/forward.ts";
import { getCommand } from "./parts/get-command.ts";
import { helpCommand } from "./parts/help-command.ts";
import { fromHost, hostCurve, stockAdvert } from "./parts/host-signer.ts";
import { hearMessage, keepQuiet, note } from "./parts/keep.ts";
import { kissCrypto } from "./parts/kiss-crypto.ts";
import { kissCurve } from "./parts/kiss-curve.ts";
import { kissModem } from "./parts/kiss-modem.ts";
import { kissRequest } from "./parts/kiss-request.ts";
import { neighbours } from "./parts/neighbours.ts";
import { ownAdvert } from "./parts/own-advert.ts";
import { recall, replay } from "./parts/recall.ts";
import { regionCommand } from "./parts/region-commands.ts";
import { regions } from "./parts/regions.ts";
import { roomCommands } from "./parts/room-commands.ts";
import { sayCommands } from "./parts/say-commands.ts";
import { setCommand } from "./parts/set-command.ts";
import { applySettings, saveSettings } from "./parts/settings-image.ts";
import { statsCommands } from "./parts/stats-commands.ts";
import { tempRadioCommand } from "./parts/temp-radio-command.ts";

/** By name. Each is one function, without a state of its own; those that belong together stand together. */
export const PARTS = {
  protocol: protocolApi,
  forward,
  regions,
  regionCommand,
  commands: findCommand,
  boardCommands,
  statsCommands,
  roomCommands,
  sayCommands,
  getCommand,
  setCommand,
  helpCommand,
  tempRadioCommand,
  advertCommands,
  kissModem,
  kissRequest,
  kissCrypto,
  kissCurve,
  recall,
  applySettings,
  replay,
  saveSettings,
  keepQuiet,
  note,
  hearMessage,
  curveCode,
  nativeCurve,
  softCurve,
  ownAdvert,
  checkAdvert,
  neighbours,
  hostCurve,
  stockAdvert,
  fromHost,
};

export type Parts = typeof PARTS;

/** Those that Espruino's bundles carry themselves all the same: what a person at a board without its file of parts has to have. */
export const RESIDENT: (keyof Parts)[] = [];

/**
 * The part `name`; evaluating one takes a board up to 10 ms, so it wants a handler of its own. Throws when the storage does not
 * hold the parts of this very build.
 */
export function part<Name extends keyof Parts>(_hal: Hal, name: Name): Parts[Name] {
  return PARTS[name];
}
