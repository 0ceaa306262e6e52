// Files of this project that the daemon reads. This one stays where it is: the code runs from host-bridge/ or bundled from
// dist/, both one below the top level, so these places are right in both.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const top = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** This software's version. */
export const VERSION: string = JSON.parse(readFileSync(top("package.json"), "utf8")).version;
/** The configuration of `npm start`. */
export const DEMO_FILE = top("host-bridge/demo.yaml");
/** Where `npm run build` puts a board's bundle. */
export const bundleFile = (model: string): string => top(`dist/firmware/${model}.js`);
/** And the parts that it looks for in the engine's storage. */
export const libraryFile = (model: string): string => top(`dist/firmware/${model}.lib`);
/** Size, hash and engine of a bundle. */
export const factsFile = (model: string): string => top(`dist/firmware/${model}.json`);
