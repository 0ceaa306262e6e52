// What the build needs of the TypeScript sources as data: compiled in memory, since the build runs in plain Node.
import { build } from "esbuild";

/** Every board of boards/all.ts. Throws with one sentence for each impossible fact. */
export async function loadBoards() {
  const { BOARDS, checkBoard, gpioLevel, gpioOf, startUp, TCXO_VOLTS } = await load(`
    export { BOARDS } from "./boards/all.ts";
    export { checkBoard } from "./boards/check.ts";
    export { gpioLevel, gpioOf } from "./boards/gpio.ts";
    export { startUp } from "./boards/start-up.ts";
    export { TCXO_VOLTS } from "./boards/board.ts";`);
  const wrong = BOARDS.flatMap(checkBoard);
  if (wrong.length > 0) throw new Error(`boards/ holds facts that cannot be true:\n  ${wrong.join("\n  ")}`);
  return BOARDS.map((board) => ({
    ...board,
    tcxoCode: TCXO_VOLTS.indexOf(board.radio.tcxoVolts),
    startUp: startUp(board),
    gpio: (name) => gpioOf(board.engine, name),
    gpioLevel: (name, level) => gpioLevel(board.engine, name, level),
  }));
}

/** The link's message tables by name, and the function that finds a field in one. */
export async function loadTables() {
  const { fieldAt, ...tables } = await load(`
    export * from "./protocol/link.ts";
    export { fieldAt } from "./protocol/codec.ts";`);
  return { tables, fieldAt };
}

async function load(contents) {
  const resolveDir = new URL("../..", import.meta.url).pathname;
  const { outputFiles } = await build({ stdin: { contents, resolveDir }, bundle: true, format: "esm", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}
