// What a run will do, as data: printed before anything is touched, and then walked through.
import type { Board } from "../../boards/board.ts";
import type { EngineFile } from "./engine-file.ts";
import type { RoomPlan } from "./room-file.ts";

/** Who answered at the port. */
export type Found =
  | { kind: "prompt"; build: string; version: string }
  | { kind: "firmware"; model: string; build: string; version: string; firmware: string; sha256: string }
  | { kind: "other"; text: string }
  | { kind: "silent" };

export interface PlanInput {
  board: Board;
  /** The port, or null where none is known (only in a dry run). */
  port: string | null;
  /** Null in a dry run, which asks nobody. */
  found: Found | null;
  engineFile: EngineFile | null;
  bundle: { bytes: number; libraryBytes: number; sha256: string };
  rooms: RoomPlan | null;
}

export type StepKind = "engine" | "prompt" | "clear" | "library" | "bundle" | "start" | "verify" | "settings";

export interface Step {
  kind: StepKind;
  title: string;
  /** What else there is to know. */
  notes: string[];
  /** What is lost by it; empty where nothing is. */
  overwrites: string[];
}

export interface Plan {
  steps: Step[];
  hazards: readonly string[];
}

/** File of the engine's storage that holds the parts of the bundle. */
export const LIBRARY_FILE = "mc.lib";
/** Every file that the engine runs when it starts, in its order. */
export const BOOT_FILES = [".bootPowerOn", ".boot0", ".boot1", ".boot2", ".boot3", ".bootrst", ".bootcde"];

const ESPRUINO_DOWNLOADS = "https://www.espruino.com/Download";

export function makePlan(input: PlanInput): Plan {
  const { board, found, bundle, rooms } = input;
  const { bootFile, storage } = board.engine;
  const steps: Step[] = [];
  if (needsEngine(board, found) !== false) steps.push(engineStep(input));
  const other = BOOT_FILES.filter((name) => name !== bootFile);
  steps.push({
    kind: "prompt",
    title: "get the engine's prompt",
    notes: [`a running bundle hands it over (console command "repl"), then its timers are stopped`],
    overwrites: [],
  });
  steps.push({
    kind: "clear",
    title: "take the old boot code out of the engine's storage",
    notes: [
      "from here to the end a board that loses power shows the engine's prompt; run this again then",
      `settings, rooms and messages in the storage (${storage.media}, ${storage.pages} pages) stay`,
    ],
    overwrites: [`${bootFile} and ${LIBRARY_FILE}, and ${other.join(", ")} where there are such`],
  });
  steps.push({
    kind: "library",
    title: `write ${LIBRARY_FILE}, ${bundle.libraryBytes} bytes`,
    notes: [`in plain pieces of at most ${lineBytes(board)} bytes, each acknowledged; then its checksum`],
    overwrites: [],
  });
  steps.push({
    kind: "bundle",
    title: `write ${bootFile}, ${bundle.bytes} bytes`,
    notes: [`sha256 ${bundle.sha256}`],
    overwrites: [],
  });
  steps.push({ kind: "start", title: "start it", notes: [], overwrites: [] });
  steps.push({
    kind: "verify",
    title: "ask the board over the room link for its model, version and sha256 of its boot code",
    notes: [],
    overwrites: [],
  });
  if (rooms !== null) steps.push(settingsStep(rooms));
  return { steps, hazards: board.hazards };
}

/** Whether the engine is to be flashed; null when only the board can tell. */
export function needsEngine(board: Board, found: Found | null): boolean | null {
  if (found === null) return null;
  if (found.kind === "prompt" || found.kind === "firmware") return found.build !== board.engine.build;
  return true;
}

/**
 * Bytes of a file that go in one line to the prompt: with what is around them, less than the engine holds (1024 on nRF52).
 * ESP32-S3: version 2v29 loses input that comes in larger pieces.
 */
export function lineBytes(board: Board): number {
  return board.mcu === "ESP32-S3" ? 256 : 512;
}

function engineStep(input: PlanInput): Step {
  const { board, found, engineFile } = input;
  const { build } = board.engine;
  const condition = found === null ? ` (left out when the board answers as ${build} already)` : "";
  const notes: string[] = [];
  if (engineFile === null) {
    notes.push(`--engine-file FILE: ${engineSource(board)}`);
    notes.push(`by ${board.mcu === "ESP32-S3" ? "esptool" : "a copy to the bootloader's drive, or adafruit-nrfutil"}`);
  } else {
    notes.push(...engineActions(input, engineFile));
  }
  const what = board.mcu === "ESP32-S3" ? "bootloader, partition table and program" : "the program";
  return {
    kind: "engine",
    title: `flash the engine, Espruino's build ${build}${condition}`,
    notes,
    overwrites: [
      `${what} of whatever firmware is on the board (MeshCore, Meshtastic, ...): save its identity and settings first`,
      ...(engineFile?.kind === "uf2" ? [`flash from ${hex(engineFile.from)} up to ${hex(engineFile.to)}`] : []),
      ...(engineFile?.kind === "esp"
        ? engineFile.parts.map(({ name, offset, data }) => `flash from ${hex(offset)}: ${name}, ${data.length} bytes`)
        : []),
    ],
  };
}

function engineActions({ port }: PlanInput, file: EngineFile): string[] {
  switch (file.kind) {
    case "esp":
      return [`esptool ${esptoolArguments(port ?? "PORT", file).join(" ")}`];
    case "uf2":
      return [
        "the board is asked to enter its bootloader; tap RST twice when it does not",
        `copy ${file.path} to the drive that appears (with INFO_UF2.TXT on it), then the board restarts by itself`,
      ];
    case "dfu":
      return [`adafruit-nrfutil ${nrfutilArguments(port ?? "PORT", file.path).join(" ")}`];
  }
}

/** Where the engine comes from, for a person. */
export function engineSource(board: Board): string {
  const { build, official } = board.engine;
  if (official) {
    const file = board.mcu === "ESP32-S3" ? "the .tgz for ESP32S3" : "espruino_..._xiaoble.uf2";
    return `${build} is one of Espruino's own builds: ${file} from ${ESPRUINO_DOWNLOADS}`;
  }
  return `there is no official ${build}: build boards/espruino/${build}.py in an Espruino checkout (boards/README.md), it makes a .uf2`;
}

/** Espruino's targets/esp32/README_flash_S3.txt, at a rate that every UART bridge of these boards takes. */
export function esptoolArguments(port: string, file: EngineFile & { kind: "esp" }, folder = ""): string[] {
  const parts = file.parts.flatMap(({ name, offset }) => [hex(offset), folder + name]);
  return [
    ...["--chip", "esp32s3", "--port", port, "--baud", "460800", "--before", "default_reset", "--after", "hard_reset"],
    ...["write_flash", "--flash_mode", "dio", "--flash_size", "detect", "--flash_freq", "80m", ...parts],
  ];
}

export function nrfutilArguments(port: string, path: string): string[] {
  return [
    "dfu",
    "serial",
    "--package",
    path,
    "--port",
    port,
    "--baudrate",
    "115200",
    "--singlebank",
    "--touch",
    "1200",
  ];
}

function settingsStep(rooms: RoomPlan): Step {
  const list = rooms.rooms.map(
    ({ name, isPrivate, max }) => `room "${name}", ${isPrivate ? "private" : "open"}, at most ${max} messages`,
  );
  const radio = rooms.radio;
  if (radio !== null) {
    const { freqHz, bwHz, sf, cr, powerDbm, dutyPermille } = radio;
    list.push(
      `radio ${freqHz / 1e6} MHz, ${bwHz / 1e3} kHz, SF${sf}, CR 4/${cr}, ${powerDbm} dBm, at most ${dutyPermille / 10} % of an hour`,
    );
  }
  return {
    kind: "settings",
    title: `set rooms${radio === null ? "" : " and radio"} from ${rooms.file} over the room link`,
    notes: [...list, "rooms that only the board has are left alone"],
    overwrites: [
      "key and size of rooms with these names, where they differ",
      ...(radio === null ? [] : ["radio settings"]),
    ],
  };
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** The plan for a person. */
export function planText(plan: Plan, input: PlanInput): string {
  const { board, port, found } = input;
  const lines = [`${board.label} (${board.id}), ${port === null ? "no port known yet" : `at ${port}`}`];
  if (found !== null) lines.push(`  now: ${foundText(found)}`);
  if (plan.hazards.length > 0) lines.push("Know before:", ...plan.hazards.map((sentence) => `  * ${sentence}`));
  lines.push("Steps:");
  plan.steps.forEach(({ title, notes, overwrites }, at) => {
    lines.push(`  ${at + 1}. ${title}`);
    for (const note of notes) lines.push(`       ${note}`);
    for (const loss of overwrites) lines.push(`     ! overwrites ${loss}`);
  });
  return `${lines.join("\n")}\n`;
}

export function foundText(found: Found): string {
  switch (found.kind) {
    case "prompt":
      return `the engine's prompt, ${found.build} ${found.version}, no bundle running`;
    case "firmware":
      return `MeshCore Room ${found.firmware} for ${found.model} on ${found.build} ${found.version}, sha256 ${found.sha256.slice(0, 16)}...`;
    case "other":
      return `another firmware's console ("${found.text}")`;
    case "silent":
      return "nothing that answers: no engine, or a program that holds the port";
  }
}
