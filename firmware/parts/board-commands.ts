// What a board says of itself, its clock, and what MeshCore has and this board has not.
import type { Console } from "../console.ts";
import { STATE } from "../store-format.ts";

/** Why some of MeshCore's commands have no place here, in the words of MeshCore where it has any for it. */
const ABSENT: { readonly [name: string]: string } = {
  poweroff: "Error: the engine cannot switch the board off; Try: unplug it",
  "start ota": "Error",
  password: "Error: nobody logs in over the air here, so there is no password",
  setperm: "Error: nobody logs in over the air here, so there are no permissions",
  "sensor get": "null",
  "sensor set": "can't find custom var",
  "sensor list": "no custom var",
  "powersaving on": "Board not supported",
  powersaving: "off",
  log: "Error: no packet log here; Try: the daemon, which gets every packet that the board hears",
};

/** Erases all that outlasts the power, a page in each handler, and boots again. */
function erase(console: Console): string {
  const store = console.settings.store;
  const hal = console.hal;
  const flash = hal.flash;
  if (!store.settings || !flash) return "File system erase: Err";
  // Nothing is saved from here on, or it would be there again.
  store.frozen = "erase";
  const pages: number[] = [];
  [store.settings, store.journal, store.messages].forEach((log) => {
    for (let page = 0; page < log.pages; page++) pages.push(log.addressOf(page));
  });
  console.each(
    0,
    pages.length,
    (i) => flash.erasePage(pages[i]),
    () => {
      hal.after(() => hal.reboot(), 100);
      return "File system erase: OK";
    },
  );
  return "";
}

export function boardCommands(console: Console, name: string, tail: string): string {
  const clock = console.clock;
  switch (name) {
    case "ver":
      return (
        console.settings.version + " (Build: meshcore-room " + console.settings.board + ", " + console.hal.engine + ")"
      );
    case "board":
      return console.settings.board;
    case "clock":
      return clock.isSet() ? clock.text(clock.unixTime()) : "not set; Try: time EPOCH";
    case "clock sync":
      // To the time of the sender, which a serial line does not carry.
      return "ERR: clock cannot go backwards";
    case "time": {
      const epoch = parseInt(tail, 10);
      if (!(epoch > clock.unixTime() && epoch <= 0xffffffff)) return "(ERR: clock cannot go backwards)";
      clock.set(epoch);
      return "OK - clock set: " + clock.text(epoch);
    }
    case "clkreboot":
      // What was sent under a wrong, later time no longer counts.
      console.settings.store.times[STATE.time] = clock.lastSent = 0;
      console.hal.after(() => console.settings.store.reboot(), 100);
      return "";
    case "reboot":
      console.hal.after(() => console.settings.store.reboot(), 100);
      return "";
    case "erase":
      return erase(console);
    case "shutdown":
      return ABSENT.poweroff;
    case "powersaving off":
      return ABSENT.powersaving;
  }
  return ABSENT[name] || "Unknown command";
}
