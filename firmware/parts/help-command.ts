// `help`: what there is, in groups, a line for each command and each setting.
import type { Console } from "../console.ts";

/** Groups, with a line that begins with a space for each command: what to type, two spaces or more, what it does. */
export const HELP =
  "Rooms" +
  "\n rooms                     what there is and what it holds" +
  "\n room add NAME KEYHEX [MAX]  key of 32 or 64 hex digits; another key or size for one that is there" +
  "\n room remove NAME" +
  "\n say ROOM TEXT             on the air and in the room" +
  "\n room.post TEXT            the same in the first room of rooms" +
  "\n history ROOM [N]          the newest N messages" +
  "\nBoard" +
  "\n ver, board                firmware and engine, board" +
  "\n clock, time EPOCH         what time it is; sets it, never back" +
  "\n reboot, clkreboot" +
  "\n repl                      hands the port to the engine's prompt" +
  "\nNumbers" +
  "\n stats-core, stats-radio, stats-packets" +
  "\n clear stats" +
  "\nSettings: get KEY, set KEY VALUE" +
  "\n name                      who we are on the air" +
  "\n lat, lon                  where, in degrees; 0 and 0 is told to nobody" +
  "\n owner.info                whom to ask; | begins a new line" +
  "\n radio MHZ,KHZ,SF,CR       or freq MHZ alone; at once" +
  "\n tx                        power in dBm" +
  "\n radio.rxgain on|off       boosted gain of the receiver" +
  "\n dutycycle                 share of an hour on the air in percent; or af, airtime factor" +
  "\n int.thresh                dB over the noise that count as busy; 0 = off" +
  "\n cad on|off                channel activity detection before sending" +
  "\n agc.reset.interval        seconds; 0 = never" +
  "\n repeat on|off             forward what others send" +
  "\n txdelay, direct.txdelay, rxdelay  waits before that, as factors" +
  "\n flood.max, flood.max.unscoped, flood.max.advert  hops that end it" +
  "\n loop.detect               off, minimal, moderate, strict" +
  "\n multi.acks                1 = acknowledgements go twice" +
  "\n path.hash.mode            0, 1, 2: bytes of a hash in our paths, less one" +
  "\n advert.interval           minutes between adverts to neighbours; 0 = none" +
  "\n flood.advert.interval     hours between adverts to all; 0 = none" +
  "\n adc.multiplier            of the battery's voltage; 0 = the board's own" +
  "\n role, pwrmgt.support      get only";

export function helpCommand(console: Console): string {
  const lines = HELP.split("\n");
  console.each(
    0,
    lines.length,
    (i) => console.reply(lines[i]),
    () => "",
  );
  return "";
}
