// What package.json's `bin` runs, from source or bundled to dist/meshcore-room.mjs.
import { processIo } from "./cli-io.ts";
import { main } from "./cli-main.ts";

const code = await main(process.argv.slice(2), processIo());
// A connection that is still closing must not hold the command; what was printed has to be out first.
process.stdout.write("", () => process.exit(code));
