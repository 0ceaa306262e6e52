// Entry of dist/firmware/chip-model.js: load it into the engine before the bundle, then call `chipModel.install(...)`.
import { ChipModel } from "./sx126x.ts";
import { install } from "./under-engine.ts";

declare global {
  var chipModel: { ChipModel: typeof ChipModel; install: typeof install };
}
globalThis.chipModel = { ChipModel, install };
