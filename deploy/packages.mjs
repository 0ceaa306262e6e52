// Prints the folders of node_modules/ that the daemon needs at run time, one a line: what package-lock.json does not mark as
// only for development, as far as it is installed (packages for other platforms are not).
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const top = new URL("..", import.meta.url).pathname;
const { packages } = JSON.parse(readFileSync(join(top, "package-lock.json"), "utf8"));

for (const [path, { dev }] of Object.entries(packages)) {
  // Packages inside of packages come with them.
  const isOwn = /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path);
  if (isOwn && !dev && existsSync(join(top, path))) console.log(path);
}
