import type { Board } from "./board.ts";
import { ownBuild } from "./engines.ts";
import { OWN_BUILD_HAZARDS } from "./hazards.ts";

/**
 * Heltec Mesh Node T114. nRF numbering: P1.nn is D(32+nn). Sources: MeshCore variants/heltec_t114, Meshtastic
 * heltec_mesh_node_t114. MeshCore drives P1.05 (D37) high as the radio's power, but in both projects that pin is the data
 * line from the GPS receiver: we leave it an input, as Meshtastic does.
 */
export const heltecT114: Board = {
  id: "heltec-t114",
  label: "Heltec Mesh Node T114",
  mcu: "nRF52840",
  flashBytes: 1 << 20,
  engine: ownBuild("HELTEC_T114"),
  radio: {
    chip: "SX1262",
    sck: "D19",
    miso: "D23",
    mosi: "D22",
    nss: "D24",
    reset: "D25",
    busy: "D17",
    dio1: "D20",
    spiHz: 2000000,
    tcxoVolts: 1.8,
    dio2Switch: true,
    boostedGain: true,
    powerDbm: 22,
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  led: { pin: "D35", active: 0 },
  button: { pin: "D42", active: 0 },
  battery: { pin: "D4", multiplier: 4.9, enable: { pin: "D6", active: 1 } },
  usbIds: ["239a:8029", "239a:0029", "239a:002a", "239a:802a", "1915:520f"],
  roomBytes: 60000,
  hazards: [
    "The button held down at power-up keeps the saved code from running.",
    "The display and the GPS receiver stay without power.",
    ...OWN_BUILD_HAZARDS,
  ],
};
