import assert from "node:assert/strict";
import { posix } from "node:path";
import { importsOf, read, sourceFiles } from "./sources.ts";

const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };

interface Part {
  /** Folders of ours that this one may import besides itself. */
  folders: string[];
  /** May it use Node's own modules, and the packages of `dependencies`? */
  node: boolean;
  packages: boolean;
}

/** The longest folder that fits a file's path decides. */
const PARTS: Record<string, Part> = {
  protocol: { folders: [], node: false, packages: false },
  boards: { folders: [], node: false, packages: false },
  firmware: { folders: ["protocol", "boards"], node: false, packages: false },
  // What builds the bundles runs in Node and is no part of them.
  "firmware/build": { folders: [], node: true, packages: true },
  "firmware/native/build.mjs": { folders: [], node: true, packages: false },
  simulator: { folders: ["protocol", "boards", "simulator/chip"], node: true, packages: false },
  "simulator/chip": { folders: ["protocol"], node: false, packages: false },
  "host-bridge": { folders: ["protocol", "boards", "simulator"], node: true, packages: true },
};
const BUILD_PACKAGES = ["@babel/core", "acorn", "esbuild", "rollup", "terser"];

function partOf(path: string): string | undefined {
  const fits = Object.keys(PARTS).filter((part) => path === part || path.startsWith(`${part}/`));
  return fits.sort((a, b) => b.length - a.length)[0];
}

/** What is wrong with an import of `path`, or nothing. */
function objection(path: string, target: string): string | undefined {
  const part = partOf(path);
  if (!part) return undefined;
  const { folders, node, packages } = PARTS[part];
  const isPackage = !target.startsWith(".");
  if (isPackage && target.startsWith("node:")) return node ? undefined : `${part} does not know Node (${target})`;
  if (isPackage) {
    const known = part === "firmware/build" ? BUILD_PACKAGES : Object.keys(dependencies);
    if (packages && known.some((name) => target === name || target.startsWith(`${name}/`))) return undefined;
    return `${part} does not use the package ${target}`;
  }
  if (/\.ts$/.test(path) && !/\.(ts|mjs|json)$/.test(target)) return `${target} has no extension`;
  const to = partOf(posix.join(posix.dirname(path), target));
  return to === part || (to && folders.includes(to)) ? undefined : `${part} must not import ${to ?? target}`;
}

describe("who imports whom", () => {
  for (const part of Object.keys(PARTS)) {
    const own = sourceFiles().filter((path) => partOf(path) === part);
    it(`${part}/ imports only what its row allows`, () => {
      assert.ok(own.length > 0, `no file in ${part}`);
      const wrong = own.flatMap((path) =>
        importsOf(read(path)).flatMap((target) => {
          const sentence = objection(path, target);
          return sentence ? [`${path}: ${sentence}`] : [];
        }),
      );
      assert.deepEqual(wrong, []);
    });
  }

  it("an arrow that is not in the table is found", () => {
    for (const [path, target] of [
      ["protocol/crc32.ts", "../boards/all.ts"],
      ["protocol/crc32.ts", "node:crypto"],
      ["boards/sim.ts", "../protocol/bytes.ts"],
      ["firmware/mesh.ts", "../simulator/clock.ts"],
      ["firmware/mesh.ts", "../host-bridge/errors.ts"],
      ["firmware/native/native-aes.ts", "node:fs"],
      ["simulator/chip/sx126x.ts", "../clock.ts"],
      ["simulator/chip/sx126x.ts", "../../firmware/sx126x-table.ts"],
      ["simulator/sim-board.ts", "../firmware/main.ts"],
      ["simulator/ether.ts", "ws"],
      ["host-bridge/run.ts", "../firmware/rooms.ts"],
      ["host-bridge/room/rooms.ts", "../../test/scenario/world.ts"],
      ["host-bridge/run.ts", "lodash"],
      ["protocol/crc32.ts", "./bytes"],
    ])
      assert.ok(objection(path, target), `${path} imports ${target}`);
  });

  it("an arrow that is in the table is not", () => {
    for (const [path, target] of [
      ["firmware/mesh.ts", "../protocol/packet.ts"],
      ["firmware/native/native-aes.ts", "../../protocol/crypto.ts"],
      ["firmware/build/boards.mjs", "esbuild"],
      ["simulator/sim-board.ts", "./chip/sx126x.ts"],
      ["simulator/chip/sx126x.ts", "./buffer.ts"],
      ["host-bridge/run.ts", "node:fs"],
      ["host-bridge/room/rooms.ts", "../../protocol/bytes.ts"],
    ])
      assert.equal(objection(path, target), undefined, `${path} imports ${target}`);
  });

  it("every way to import is read, and comments are not", () => {
    const code = [
      'import a from "./a.ts";',
      'import type { B } from "./b.ts";',
      'import {\n  c,\n} from "./c.ts";',
      'export { d } from "./d.ts";',
      'import "./e.ts";',
      'const f = await import("./f.ts");',
      '// import "./no.ts";',
      ' * from "./no.ts"',
    ].join("\n");
    assert.deepEqual(importsOf(code), ["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts"]);
  });
});
