// Refuses facts that cannot be true of any board, before they reach a pin.
import { type Board, MAX_ROOM_BYTES, TCXO_VOLTS } from "./board.ts";

const PINS_PER_MCU: Record<Board["mcu"], number> = { "ESP32-S3": 49, nRF52840: 48, simulated: 48 };
/** GPIO numbers that the package does not bring out or that carry the flash chip (ESP32-S3 datasheet 2.2). */
const ESP32S3_RESERVED = [22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32];
/** Espruino refuses to watch D6..D12 on the ESP32-S3 and its event table ends at 39. */
const ESP32S3_WATCHABLE = (gpio: number): boolean => (gpio <= 5 || gpio >= 13) && gpio <= 39;
/** AIN0 to AIN7 (nRF52840 product specification, pin assignments). */
const NRF52840_ANALOG = [2, 3, 4, 5, 28, 29, 30, 31];
const CONSOLES = ["USB", "Serial1", "Serial2"];
const SPI_LIMIT_HZ = 16e6;

/** Every fact of `board` that is impossible, as sentences; an empty list means the board may be built. */
export function checkBoard(board: Board): string[] {
  const wrong: string[] = [];
  const say = (what: string, expected: string, found: unknown): void => {
    wrong.push(`${board.id}: ${what}: expected ${expected}, found ${JSON.stringify(found)}`);
  };
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(board.id)) say("id", "lower-case words joined by dashes", board.id);

  const users: { [pin: string]: string } = {};
  for (const [use, name] of pinsOf(board)) {
    const gpio = gpioOf(name);
    if (gpio < 0 || gpio >= PINS_PER_MCU[board.mcu]) {
      say(`pin ${use}`, `D0 to D${PINS_PER_MCU[board.mcu] - 1} on ${board.mcu}`, name);
    } else if (board.mcu === "ESP32-S3" && ESP32S3_RESERVED.indexOf(gpio) >= 0) {
      say(`pin ${use}`, "a pin that the ESP32-S3 brings out and that is not its flash", name);
    }
    if (users[name]) say(`pin ${use}`, `a pin of its own (${name} is ${users[name]})`, name);
    users[name] = use;
  }
  const dio1 = gpioOf(board.radio.dio1);
  if (board.mcu === "ESP32-S3" && !ESP32S3_WATCHABLE(dio1)) {
    say("pin dio1", "a pin that Espruino can watch on the ESP32-S3 (D0-D5, D13-D39)", board.radio.dio1);
  }

  const radio = board.radio;
  if (radio.tcxoVolts !== 0 && TCXO_VOLTS.indexOf(radio.tcxoVolts) < 0) {
    say("tcxoVolts", `0 (crystal) or one of ${TCXO_VOLTS.join(", ")}`, radio.tcxoVolts);
  }
  if (!isWhole(radio.maxPowerDbm, -9, 22)) say("maxPowerDbm", "-9 to 22 (SX1262)", radio.maxPowerDbm);
  // The register counts in steps of 2.5 mA.
  if (!isWhole(radio.currentLimitMa / 2.5, 24, 56)) say("currentLimitMa", "60 to 140 by 2.5", radio.currentLimitMa);
  if (!isWhole(radio.spiHz, 1, SPI_LIMIT_HZ)) say("spiHz", `up to ${SPI_LIMIT_HZ}`, radio.spiHz);
  if (radio.power && !isWhole(radio.powerMs, 1, 1000)) say("powerMs", "1 to 1000 for the rail", radio.powerMs);
  if (board.battery) {
    const { pin, multiplier } = board.battery;
    if (board.mcu === "nRF52840" && NRF52840_ANALOG.indexOf(gpioOf(pin)) < 0)
      say("pin battery", `an analog input (D${NRF52840_ANALOG.join(", D")})`, pin);
    // A divider makes a voltage smaller.
    if (!(multiplier >= 1 && multiplier <= 20)) say("battery multiplier", "1 to 20", multiplier);
  }

  if (!isWhole(board.roomBytes, 2048, MAX_ROOM_BYTES)) say("roomBytes", `2048 to ${MAX_ROOM_BYTES}`, board.roomBytes);
  const poolBytes = board.engine.jsVars * board.engine.jsVarBytes;
  if (board.roomBytes > poolBytes / 2)
    say("roomBytes", `at most half of the engine's ${poolBytes} bytes`, board.roomBytes);
  if (CONSOLES.indexOf(board.engine.console) < 0) say("console", CONSOLES.join(", "), board.engine.console);
  if (board.engine.consolePins && board.engine.console === "USB")
    say("consolePins", "none, a USB console has no pins of ours", board.engine.consolePins);
  if (board.engine.thumb && board.mcu === "ESP32-S3") say("thumb", "false (not an ARM processor)", true);
  return wrong;
}

/** Every use of a pin as [use, pin name]. */
function pinsOf(board: Board): [string, string][] {
  const radio = board.radio;
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
