import { readFileSync } from "node:fs";

/** This software's version. The code runs from host-bridge/ or bundled from dist/, both one below package.json. */
export const VERSION: string = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;
