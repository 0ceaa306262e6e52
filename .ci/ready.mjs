// Makes a clone ready for an npm script: installs the dependencies when the lock file changed, and with "build" as
// argument builds when a source is newer than the last build. Uses only what Node itself brings.
import { execSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const run = (command) => execSync(command, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });

const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");
const stamp = join(root, "node_modules", ".meshcore-room-lock");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  console.log("Installing dependencies (once) ...");
  // Not "npm ci": it refuses a lock file that lacks the optional packages of other platforms.
  run("npm install --no-save --no-audit --no-fund --loglevel=error");
  writeFileSync(stamp, lock);
}

if (process.argv[2] === "build") {
  const built = join(root, "dist", "built");
  const sources = ["boards", "firmware", "host-bridge", "protocol", "simulator"];
  const newest = Math.max(
    ...sources.map((folder) => newestMs(join(root, folder))),
    ...["package-lock.json", "rollup.config.mjs"].map((file) => statSync(join(root, file)).mtimeMs),
  );
  if (!existsSync(built) || statSync(built).mtimeMs < newest) {
    console.log("Building ...");
    run("npm run build --silent");
    writeFileSync(built, "");
  }
}

function newestMs(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestMs(path) : statSync(path).mtimeMs);
  }
  return newest;
}
