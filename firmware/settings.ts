// What can be set on a board, and what it says of itself.
import type { RadioSettings } from "../protocol/airtime.ts";
import type { Hal } from "./hal.ts";
import type { Mesh } from "./mesh.ts";
import type { Prefs } from "./prefs.ts";
import type { Store } from "./store.ts";
import { BANDWIDTH_CODES } from "./sx126x-table.ts";

const MAX_NODE_NAME = 31;

export class Settings {
  readonly board: string;
  readonly version: string;
  readonly prefs: Prefs;
  readonly store: Store;

  private readonly hal: Hal;
  private readonly mesh: Mesh;
  private readonly bootMs: number;

  constructor(hal: Hal, mesh: Mesh, store: Store, board: string, version: string) {
    this.hal = hal;
    this.mesh = mesh;
    this.store = store;
    this.board = board;
    this.version = version;
    this.prefs = mesh.prefs;
    this.bootMs = hal.nowMs();
  }

  uptimeS(): number {
    return Math.floor((this.hal.nowMs() - this.bootMs) / 1000);
  }

  /** Applies radio settings at once; false when the chip cannot have them (MeshCore's ranges, the chip's bandwidths). */
  setRadio(radio: RadioSettings, dutyPermille: number): boolean {
    const possible =
      radio.freqHz >= 150e6 &&
      radio.freqHz <= 960e6 &&
      radio.sf >= 5 &&
      radio.sf <= 12 &&
      radio.cr >= 5 &&
      radio.cr <= 8 &&
      radio.powerDbm >= -9 &&
      radio.powerDbm <= 22 &&
      dutyPermille >= 1 &&
      dutyPermille <= 1000 &&
      BANDWIDTH_CODES.some((row) => row[0] === radio.bwHz);
    if (!possible) return false;
    const now = this.mesh.radio.settings;
    const same =
      now.freqHz === radio.freqHz &&
      now.bwHz === radio.bwHz &&
      now.sf === radio.sf &&
      now.cr === radio.cr &&
      now.powerDbm === radio.powerDbm;
    const prefs = this.prefs;
    prefs.freqHz = radio.freqHz;
    prefs.bwHz = radio.bwHz;
    prefs.sf = radio.sf;
    prefs.cr = radio.cr;
    prefs.powerDbm = radio.powerDbm;
    prefs.dutyPermille = dutyPermille;
    this.store.changed();
    this.mesh.duty.setShare(dutyPermille);
    // A restart of the radio costs what is on the air right now.
    if (!same) this.mesh.radio.configure(prefs);
    // What waits for the old budget may not have to any more.
    this.mesh.again(1);
    return true;
  }

  /** False for the characters that MeshCore refuses in a name. */
  setName(name: string): boolean {
    if (!name || name.length > MAX_NODE_NAME) return false;
    const refused = "[]\\:,?*";
    // The name is what the engine goes through natively: it may be the longer one.
    for (let i = 0; i < refused.length; i++) if (name.indexOf(refused.charAt(i)) >= 0) return false;
    this.prefs.name = name;
    this.store.changed();
    return true;
  }
}
