// Entry of dist/firmware/chip-model.js: load it into the engine before the bundle, then call `chipModel.install(...)` in
// Espruino, `chipModel.installNative(...)` in JerryScript.
import { ChipModel } from "./sx126x.ts";
import { install } from "./under-engine.ts";
import { installNative } from "./under-native.ts";

declare global {
  var chipModel: { ChipModel: typeof ChipModel; install: typeof install; installNative: typeof installNative };
}
globalThis.chipModel = { ChipModel, install, installNative };
