import { spawnSync } from "node:child_process";

/** Whether this machine has a C compiler. */
export const compiler = spawnSync("cc", ["--version"]).status === 0;
/** The end of a title where cc is missing. */
export const noCompiler = compiler ? "" : " (C compiler cc not found)";
export const withCompiler = compiler ? it : it.skip;
