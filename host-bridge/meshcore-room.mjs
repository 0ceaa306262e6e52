#!/usr/bin/env node
// The command `meshcore-room`: starts the built daemon and command line.
import { existsSync } from "node:fs";

const built = new URL("../dist/meshcore-room.mjs", import.meta.url);
if (existsSync(built)) {
  await import(built.href);
} else {
  console.error("Error: dist/meshcore-room.mjs is missing: it is not built yet\nTry: npm run build");
  process.exitCode = 1;
}
