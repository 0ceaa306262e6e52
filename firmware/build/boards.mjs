// boards/ as data for the build, which runs in plain Node: compiled in memory, checked before use.
import { build } from "esbuild";

/** Every board of boards/all.ts. Throws with one sentence for each impossible fact. */
export async function loadBoards() {
  const { outputFiles } = await build({
    stdin: {
      contents:
        'export { BOARDS } from "./boards/all.ts"; export { checkBoard } from "./boards/check.ts"; export { TCXO_VOLTS } from "./boards/board.ts";',
      resolveDir: new URL("../..", import.meta.url).pathname,
    },
    bundle: true,
    format: "esm",
    write: false,
  });
  const code = Buffer.from(outputFiles[0].contents).toString("base64");
  const { BOARDS, checkBoard, TCXO_VOLTS } = await import(`data:text/javascript;base64,${code}`);
  const wrong = BOARDS.flatMap(checkBoard);
  if (wrong.length > 0) throw new Error(`boards/ holds facts that cannot be true:\n  ${wrong.join("\n  ")}`);
  return BOARDS.map((board) => ({ ...board, tcxoCode: TCXO_VOLTS.indexOf(board.radio.tcxoVolts) }));
}
