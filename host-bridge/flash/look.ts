/*
 * Who is at the other end: the engine's prompt, our firmware's console, or somebody else. Text first and frames later: at the
 * prompt the first bytes of a link frame (10 01) begin a packet of Espruino's own protocol, which then swallows what follows.
 */
import { RoomError } from "../errors.ts";
import type { Line } from "./line.ts";
import { sayHello } from "./link-talk.ts";
import type { Found } from "./plan.ts";

/** Printed by the engine alone: the line itself, when a console echoes it, reads otherwise. */
const QUESTION = '\x10print("<mc","prompt>",process.env.BOARD,process.env.VERSION)';
const ANSWER = /<mc prompt> (\S+) (\S+)/;
/** The form of each reply of MeshCore's consoles and of ours. */
const REPLY = /^ {2}-> ?(.*)$/m;
const CTRL_C = "\x03";

const PATIENCE = { answerMs: 1500, quietMs: 150, replMs: 4000 };

/** Asks without changing anything. At a prompt that hangs it presses Ctrl-C. */
export async function look(line: Line): Promise<Found> {
  let text = await ask(line, `\r${QUESTION}\r`);
  if (!ANSWER.test(text) && !REPLY.test(text)) text = await ask(line, `${CTRL_C}${CTRL_C}\r${QUESTION}\r`);
  const prompt = ANSWER.exec(text);
  if (prompt !== null) return { kind: "prompt", build: prompt[1], version: prompt[2] };
  const hello = await sayHello(line, 2).catch((error: unknown) => {
    // Another version of the link: the console is what is left.
    if (error instanceof RoomError && error.code === "board_version") return null;
    throw error;
  });
  if (hello !== null) {
    const [build = "", version = ""] = hello.engine.split(" ");
    return { kind: "firmware", model: hello.model, build, version, firmware: hello.firmware, sha256: hello.sha256 };
  }
  const reply = REPLY.exec(text);
  return reply === null ? { kind: "silent" } : { kind: "other", text: reply[1].trim().slice(0, 60) };
}

/** Has our firmware hand the port over to the engine. Throws RoomError `no_prompt`. */
export async function toPrompt(line: Line): Promise<{ build: string; version: string }> {
  let text = "";
  for (let attempt = 0; attempt < 3; attempt++) {
    // A frame that was cut off would take this for its own; after a second without bytes the board drops it.
    text += await collect(line, attempt === 0 ? "\r\nrepl\r" : `${CTRL_C}\r\nrepl\r`, />\s*$/, PATIENCE.replMs);
    const answer = await ask(line, `\r${QUESTION}\r`);
    const prompt = ANSWER.exec(answer);
    if (prompt !== null) return { build: prompt[1], version: prompt[2] };
    text += answer;
  }
  throw new RoomError("no_prompt", "the board does not give the engine's prompt", {
    expected: `a prompt after the command "repl"`,
    found: text.trim() === "" ? "no answer" : JSON.stringify(text.slice(-80)),
    hint: "press the board's RST, then run this again",
  });
}

function ask(line: Line, question: string): Promise<string> {
  return collect(line, question, (text) => ANSWER.test(text) || REPLY.test(text), PATIENCE.answerMs);
}

/** What comes after `send`, until `enough` has been quiet for a moment, or `ms` are over. */
function collect(line: Line, send: string, enough: RegExp | ((text: string) => boolean), ms: number): Promise<string> {
  const isEnough = typeof enough === "function" ? enough : (text: string) => enough.test(text);
  return line.during(
    new Promise((resolve) => {
      let text = "";
      let quiet: NodeJS.Timeout | undefined;
      const finish = (): void => {
        clearTimeout(quiet);
        clearTimeout(limit);
        line.listen(() => undefined);
        resolve(text);
      };
      const limit = setTimeout(finish, ms);
      line.listen((bytes) => {
        text += Buffer.from(bytes).toString("latin1");
        clearTimeout(quiet);
        if (isEnough(text)) quiet = setTimeout(finish, PATIENCE.quietMs);
      });
      line.write(send);
    }),
  );
}
