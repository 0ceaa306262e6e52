// What package.json's `bin` runs, from source or bundled to dist/meshcore-room.mjs.
import { processIo } from "./io.ts";
import { main } from "./main.ts";

// No top-level await: in the bundle the daemon's modules stand behind this line, and must be there when `run` asks for them.
void main(process.argv.slice(2), processIo()).then((code) => {
  // A connection that is still closing must not hold the command; what was printed has to be out first.
  process.stdout.write("", () => process.exit(code));
});
