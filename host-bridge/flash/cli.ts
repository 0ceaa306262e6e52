// What flash.sh runs.
import { flashMain, systemIo } from "./main.ts";

void flashMain(process.argv.slice(2), systemIo()).then((code) => {
  process.stdout.write("", () => process.exit(code));
});
