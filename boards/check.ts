// Refuses facts that cannot be true of any board, before they reach a pin.
import { AXP2101_MV, AXP2101_RAILS } from "./axp2101.ts";
import { type Board, MAX_ROOM_BYTES, type Pmu, TCXO_VOLTS } from "./board.ts";

type Say = (what: string, expected: string, found: unknown) => void;

const CONSOLES = ["USB", "Serial1", "Serial2"];
const SPI_LIMIT_HZ = 16e6;
/** Supply of the SX1262 (datasheet table 3-2), in mV. */
const RADIO_SUPPLY_MV = { lowest: 1800, highest: 3700 };
/**
 * Internal flash between the engine's own code and what must stay as it is. nRF52840: SoftDevice S140 6.1.1 ends at
 * 0x26000; above 0xF2000 are two pages of the SoftDevice's and then the UF2 bootloader. ESP32-S3: the application's
 * partition ends at 0x160000 (Espruino's partitions_espruino.csv), and the flash itself is the other end.
 */
const STORAGE_ROOM: Record<Board["mcu"], { from: number; to: number }> = {
  nRF52840: { from: 0x26000, to: 0xf2000 },
  simulated: { from: 0x26000, to: 0xf2000 },
  "ESP32-S3": { from: 0x160000, to: Number.POSITIVE_INFINITY },
};

/** Every fact of `board` that is impossible, as sentences; an empty list means the board may be built. */
export function checkBoard(board: Board): string[] {
  const wrong: string[] = [];
  const say: Say = (what, expected, found) => {
    wrong.push(`${board.id}: ${what}: expected ${expected}, found ${JSON.stringify(found)}`);
  };
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(board.id)) say("id", "lower-case words joined by dashes", board.id);
  checkPins(board, say);
  checkRadio(board, say);
  checkEngine(board, say);
  if (board.pmu) checkPmu(board.pmu, say);
  if (board.battery) {
    const { pin, multiplier } = board.battery;
    const { analogPins, build } = board.engine;
    if (analogPins.length === 0) say("battery", `none, ${build} cannot measure`, pin);
    else if (analogPins.indexOf(gpioOf(pin)) < 0)
      say("pin battery", `an analog input (D${analogPins.join(", D")})`, pin);
    // A divider makes a voltage smaller.
    if (!(multiplier >= 1 && multiplier <= 20)) say("battery multiplier", "1 to 20", multiplier);
  }
  return wrong;
}

function checkPins(board: Board, say: Say): void {
  const { pins, takenPins, watchable, build } = board.engine;
  const users: { [pin: string]: string } = {};
  for (const [use, name] of pinsOf(board)) {
    const gpio = gpioOf(name);
    if (gpio < 0 || gpio >= pins) say(`pin ${use}`, `D0 to D${pins - 1}, the pins of ${build}`, name);
    else if (takenPins.indexOf(gpio) >= 0) {
      say(`pin ${use}`, `a pin that ${build} has, and not for its flash or USB`, name);
    }
    if (users[name]) say(`pin ${use}`, `a pin of its own (${name} is ${users[name]})`, name);
    users[name] = use;
  }
  const dio1 = gpioOf(board.radio.dio1);
  if (!watchable.some(([first, last]) => dio1 >= first && dio1 <= last)) {
    const ranges = watchable.map(([first, last]) => `D${first}-D${last}`).join(", ");
    say("pin dio1", `a pin that ${build} can watch (${ranges})`, board.radio.dio1);
  }
}

function checkRadio(board: Board, say: Say): void {
  const { radio } = board;
  if (radio.tcxoVolts !== 0 && TCXO_VOLTS.indexOf(radio.tcxoVolts) < 0) {
    say("tcxoVolts", `0 (crystal) or one of ${TCXO_VOLTS.join(", ")}`, radio.tcxoVolts);
  }
  if (!isWhole(radio.maxPowerDbm, -9, 22)) say("maxPowerDbm", "-9 to 22 (SX1262)", radio.maxPowerDbm);
  else if (!isWhole(radio.powerDbm, -9, radio.maxPowerDbm))
    say("powerDbm", `-9 to the board's limit of ${radio.maxPowerDbm}`, radio.powerDbm);
  // The register counts in steps of 2.5 mA.
  if (!isWhole(radio.currentLimitMa / 2.5, 24, 56)) say("currentLimitMa", "60 to 140 by 2.5", radio.currentLimitMa);
  if (!isWhole(radio.spiHz, 1, SPI_LIMIT_HZ)) say("spiHz", `up to ${SPI_LIMIT_HZ}`, radio.spiHz);
  if ((radio.power || board.pmu) && !isWhole(radio.powerMs, 1, 1000))
    say("powerMs", "1 to 1000 for the rail", radio.powerMs);
  const { frontEnd } = radio;
  if (frontEnd) {
    if (!isWhole(frontEnd.powerMs, 1, 1000)) say("frontEnd powerMs", "1 to 1000 for its supply", frontEnd.powerMs);
    // Both would want to say when the antenna belongs to the receiver.
    if (radio.rxen) say("rxen", "none beside an amplifier", radio.rxen);
  }
}

function checkEngine(board: Board, say: Say): void {
  const { engine } = board;
  if (!isWhole(board.roomBytes, 2048, MAX_ROOM_BYTES)) say("roomBytes", `2048 to ${MAX_ROOM_BYTES}`, board.roomBytes);
  const poolBytes = engine.jsVars * engine.jsVarBytes;
  if (board.roomBytes > poolBytes / 2)
    say("roomBytes", `at most half of the engine's ${poolBytes} bytes`, board.roomBytes);
  if (CONSOLES.indexOf(engine.console) < 0) say("console", CONSOLES.join(", "), engine.console);
  if (engine.consolePins && engine.console === "USB")
    say("consolePins", "none, a USB console has no pins of ours", engine.consolePins);
  if (engine.thumb && board.mcu === "ESP32-S3") say("thumb", "false (not an ARM processor)", true);

  const { media, address, pageBytes, pages } = engine.storage;
  const bytes = pageBytes * pages;
  if (pageBytes !== 4096) say("storage pageBytes", "4096, the page of these flash chips", pageBytes);
  if (!isWhole(address / pageBytes, 0, 2 ** 32)) say("storage address", "the start of a page", address);
  // Espruino keeps a file in one piece and needs a second page to tidy up.
  if (!isWhole(pages, 16, 2 ** 16)) say("storage pages", "16 or more for the bundle, settings and rooms", pages);
  if (media === "internal") {
    const room = STORAGE_ROOM[board.mcu];
    const end = Math.min(room.to, board.flashBytes);
    if (address < room.from || address + bytes > end)
      say(
        "storage",
        `between the engine at ${hex(room.from)} and ${hex(end)}`,
        `${hex(address)} to ${hex(address + bytes)}`,
      );
  }
  checkLog(board, say);
}

/** The firmware erases these pages without asking: nothing else may be in them. */
function checkLog(board: Board, say: Say): void {
  const { log, storage, codeEnd } = board.engine;
  const end = log.address + log.pages * storage.pageBytes;
  const range = `${hex(log.address)} to ${hex(end)}`;
  if (!isWhole(log.address / storage.pageBytes, 0, 2 ** 32)) say("log address", "the start of a page", log.address);
  // Two for settings, two for the journal, and enough others that each is erased seldom.
  if (!isWhole(log.pages, 8, 250)) say("log pages", "8 to 250", log.pages);
  if (log.address < codeEnd) say("log", `behind the engine, which ends at ${hex(codeEnd)}`, range);
  const top = Math.min(STORAGE_ROOM[board.mcu].to, board.flashBytes);
  if (end > top) say("log", `below ${hex(top)}`, range);
  const storageEnd = storage.address + storage.pages * storage.pageBytes;
  if (storage.media === "internal" && log.address < storageEnd && end > storage.address)
    say("log", `outside of the storage at ${hex(storage.address)}`, range);
}

function checkPmu(pmu: Pmu, say: Say): void {
  if (!isWhole(pmu.address, 8, 0x77)) say("pmu address", "8 to 119", pmu.address);
  for (const { rail, millivolts } of pmu.rails) {
    if (AXP2101_RAILS.indexOf(rail) < 0) say("pmu rail", AXP2101_RAILS.join(", "), rail);
    const { lowest, step, highest } = AXP2101_MV;
    if (!isWhole(millivolts / step, lowest / step, highest / step))
      say(`pmu ${rail}`, `${lowest} to ${highest} mV by ${step}`, millivolts);
  }
  const radio = pmu.rails.filter((each) => each.feeds === "radio");
  if (radio.length !== 1) say("pmu rails", "one that feeds the radio", radio.length);
  for (const { rail, millivolts } of radio)
    if (millivolts < RADIO_SUPPLY_MV.lowest || millivolts > RADIO_SUPPLY_MV.highest)
      say(`pmu ${rail}`, `${RADIO_SUPPLY_MV.lowest} to ${RADIO_SUPPLY_MV.highest} mV for the radio`, millivolts);
}

/** Every use of a pin as [use, pin name]. */
function pinsOf(board: Board): [string, string][] {
  const { radio, pmu } = board;
  const { frontEnd } = radio;
  const named: [string, string | undefined][] = [
    ["sck", radio.sck],
    ["miso", radio.miso],
    ["mosi", radio.mosi],
    ["nss", radio.nss],
    ["reset", radio.reset],
    ["busy", radio.busy],
    ["dio1", radio.dio1],
    ["rxen", radio.rxen],
    ["power", radio.power],
    ["frontEnd power", frontEnd?.power],
    ["frontEnd enable", frontEnd?.enable],
    ["frontEnd txPin when low", frontEnd?.whenLow.txPin],
    ["frontEnd txPin when high", frontEnd?.whenHigh.txPin],
    ["pmu sda", pmu?.sda],
    ["pmu scl", pmu?.scl],
    ["led", board.led?.pin],
    ["button", board.button?.pin],
    ["rail", board.rail?.pin],
    ["battery", board.battery?.pin],
    ["battery enable", board.battery?.enable?.pin],
    ["console rx", board.engine.consolePins?.rx],
    ["console tx", board.engine.consolePins?.tx],
  ];
  return named.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

function gpioOf(pin: string): number {
  return /^D(0|[1-9]\d?)$/.test(pin) ? Number(pin.slice(1)) : -1;
}

/** False for what is no number at all, too. */
function isWhole(value: number | undefined, low: number, high: number): boolean {
  return value !== undefined && Math.floor(value) === value && value >= low && value <= high;
}

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase()}`;
}
