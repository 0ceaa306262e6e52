// `help`: what there is, in groups, a line for each command and each setting.
import type { Console } from "../console.ts";

/** Groups, with a line that begins with a space for each command: what to type, two spaces or more, what it does. No text that is split: Espruino takes seconds for that. */
export const HELP = [
  "Rooms",
  " rooms                     what there is and what it holds",
  " room add NAME KEYHEX [MAX]  key of 32 or 64 hex digits; another key or size for one that is there",
  " room remove NAME",
  " say ROOM TEXT             on the air and in the room",
  " room.post TEXT            the same in the first room of rooms",
  " history ROOM [N]          the newest N messages",
  "Board",
  " ver, board                firmware and engine, board",
  " clock, time EPOCH         what time it is; sets it, never back",
  " reboot, clkreboot",
  " repl                      hands the port to the engine's prompt",
  " erase                     forgets settings, rooms, messages and the key, and boots again",
  "Neighbours",
  " advert, advert.zerohop    makes us known to all, to neighbours",
  " neighbors, neighbor.remove KEYHEX",
  " get public.key, get prv.key, set prv.key KEYHEX",
  "Regions",
  " region ...                load, save, put, remove, def, allowf, denyf, get, home, default, list",
  "Counters",
  " stats-core, stats-radio, stats-packets",
  " errors                    why it started, how often, and what went wrong",
  " clear stats",
  "Settings: get KEY, set KEY VALUE",
  " name                      who we are on the air",
  " lat, lon                  where, in degrees; 0 and 0 is told to nobody",
  " owner.info                whom to ask; | begins a new line",
  " radio MHZ,KHZ,SF,CR       or freq MHZ alone; at once",
  " tempradio MHZ,KHZ,SF,CR,MINUTES  for a while",
  " tx                        power in dBm",
  " radio.rxgain on|off       boosted gain of the receiver",
  " dutycycle                 share of an hour on the air in percent; or af, airtime factor",
  " int.thresh                dB over the noise that count as busy; 0 = off",
  " cad on|off                channel activity detection before sending",
  " agc.reset.interval        seconds; 0 = never",
  " repeat on|off             forward what others send",
  " txdelay, direct.txdelay, rxdelay  waits before that, as factors",
  " flood.max, flood.max.unscoped, flood.max.advert  hops that end it",
  " loop.detect               off, minimal, moderate, strict",
  " multi.acks                1 = acknowledgements go twice",
  " path.hash.mode            0, 1, 2: bytes of a hash in our paths, less one",
  " advert.interval           minutes between adverts to neighbours; 0 = none",
  " flood.advert.interval     hours between adverts to all; 0 = none",
  " adc.multiplier            of the battery's voltage; 0 = the board's own",
  " role, pwrmgt.support      get only",
];

export function helpCommand(console: Console): string {
  console.each(
    0,
    HELP.length,
    (i) => console.reply(HELP[i]),
    () => "",
  );
  return "";
}
