// What an operator can set, by MeshCore's names and with the defaults of its room server (NodePrefs, simple_room_server).

export interface Prefs {
  /** Who we are in adverts and on the console; UTF-8 as a byte string, at most 31 bytes. */
  name: string;
  /** Position in millionths of a degree; 0, 0 is told to nobody. */
  latE6: number;
  lonE6: number;

  /** Frequency and bandwidth in Hz, coding rate 5 to 8. */
  freqHz: number;
  bwHz: number;
  sf: number;
  cr: number;
  powerDbm: number;
  /** Share of an hour that we may be on the air, in thousandths. MeshCore's `af` is 1000 / this - 1. */
  dutyPermille: number;
  /** 1 = boosted. */
  rxGain: number;
  /** dB over the noise floor at which the channel counts as busy; 0 = not asked. */
  intThresh: number;
  /** 1 = hardware channel activity detection before each transmission. */
  cad: number;
  /** Seconds between two resets of the receiver's gain control; 0 = never. A multiple of 4. */
  agcResetS: number;

  /** 1 = packets of others are forwarded. */
  repeat: number;
  /** Random delays before forwarding, as factors of the time on air. */
  txDelay: number;
  directTxDelay: number;
  /** Base of the delay that lets better receivers forward first; 0 = off. */
  rxDelay: number;
  /** Most hops that a flood may have and still be forwarded: any, without a scope, adverts. */
  floodMax: number;
  unscopedMax: number;
  advertMax: number;
  /** 0 off, 1 minimal, 2 moderate, 3 strict. */
  loopDetect: number;
  /** 1 = each acknowledgement that is passed on directly goes twice. */
  multiAcks: number;
  /** Bytes of a hash in the paths of our own floods, less one. */
  hashMode: number;

  /** Minutes between two adverts to direct neighbours, and hours between two to everybody; 0 = none. */
  advertMin: number;
  floodAdvertH: number;
  /** Free text about whom to ask; at most 119 bytes, lines end with "\n". */
  owner: string;
  /** Millivolts at the battery pin to millivolts of the battery; 0 = the board's own. */
  adcMultiplier: number;
}

/** EU/UK (Narrow) at 10 %, the limit of 869.4 to 869.65 MHz: what most of MeshCore's users run; a host or a person sets another. */
export function defaultPrefs(name: string, powerDbm: number, boostedGain: boolean): Prefs {
  return {
    name,
    latE6: 0,
    lonE6: 0,
    freqHz: 869618000,
    bwHz: 62500,
    sf: 8,
    cr: 8,
    powerDbm,
    dutyPermille: 100,
    rxGain: boostedGain ? 1 : 0,
    intThresh: 0,
    cad: 0,
    agcResetS: 0,
    repeat: 0,
    txDelay: 0.5,
    directTxDelay: 0.2,
    rxDelay: 0,
    floodMax: 64,
    unscopedMax: 64,
    advertMax: 8,
    loopDetect: 0,
    multiAcks: 0,
    hashMode: 0,
    advertMin: 2,
    floodAdvertH: 47,
    owner: "",
    adcMultiplier: 0,
  };
}
