/*
 * The engine's own prompt as a terminal sees it: echo, `>`, `=value`, continued lines, lines that a program sends with a DLE in
 * front. Espruino's src/jsinteractive.c at 2v29 is the model; what the Linux build answers to the same bytes is in
 * test/simulator/espruino-prompt.test.ts. Like insideEspruino its text goes into the context: nothing of this file but its own
 * body is there. Left out: the debugger, editing in the middle of a line, history, packets (a frame of the link that
 * begins like one is swallowed as there).
 */

/** What the prompt needs of the engine around it. */
export interface PromptParts {
  /** Runs a line in the global scope. */
  evaluate(code: string): unknown;
  /** A value as the engine prints it. */
  show(value: unknown): string;
  /** Runs, and reports what is thrown. */
  guarded(fn: () => void): void;
  /** To the console's device, with bare line feeds made CR LF by whoever takes it. */
  write(text: string): void;
  /** Runs `fn` later; the packet's timeout. */
  later(fn: () => void, ms: number): void;
  readonly version: string;
  readonly board: string;
}

export interface Prompt {
  /** Bytes from the console's device. */
  type(text: string): void;
  /** Something else is about to be printed: the line that is being typed makes room for it. */
  makeRoom(): void;
  /** The engine is idle: the line comes back. */
  comeBack(): void;
}

export function enginePrompt(parts: PromptParts): Prompt {
  const PACKET_MS = 1000;
  const NAK = "\x15";
  let line = "";
  let isAway = true;
  let silentLine = false;
  let state: "" | "return" | "dle" | "escape" | "packet" = "";
  /** Bytes of a packet that are still to come; its two bytes of length first. */
  let missing = 0;
  let header = "";
  let packets = 0;

  const echo = (text: string): void => {
    if (!silentLine) parts.write(text);
  };
  /** How many brackets are still open, text and comments left out as well as the engine does it. */
  const open = (code: string): number => {
    let depth = 0;
    let quote = "";
    for (let i = 0; i < code.length; i++) {
      const char = code[i];
      if (quote) {
        if (char === "\\") i++;
        else if (char === quote) quote = "";
      } else if (char === '"' || char === "'" || char === "`") quote = char;
      else if ("([{".indexOf(char) >= 0) depth++;
      else if (")]}".indexOf(char) >= 0) depth--;
    }
    return depth;
  };
  const enter = (): void => {
    if (open(line) > 0) {
      echo("\n:");
      line += "\n";
      return;
    }
    const code = line;
    line = "";
    if (!silentLine) parts.write("\n");
    if (!silentLine) isAway = true;
    if (code.trim()) {
      const isSilent = silentLine;
      parts.guarded(() => {
        const value = parts.evaluate(code);
        if (!isSilent) parts.write(`=${parts.show(value)}\n`);
      });
    }
    silentLine = false;
  };
  const beginPacket = (): void => {
    if (!line) silentLine = false;
    state = "packet";
    header = "";
    missing = 0;
    const mine = ++packets;
    parts.later(() => {
      if (state !== "packet" || mine !== packets) return;
      state = "";
      parts.write(NAK);
    }, PACKET_MS);
  };
  const inPacket = (char: string): void => {
    if (header.length < 2) {
      header += char;
      if (header.length === 2) missing = ((header.charCodeAt(0) << 8) | header.charCodeAt(1)) & 0x1fff;
    } else missing--;
    if (header.length === 2 && missing === 0) state = "";
  };
  const key = (char: string): void => {
    const before = state;
    if (state === "packet") {
      inPacket(char);
      return;
    }
    state = "";
    if (char === "\x00") return;
    if (char === "\x01") {
      if (before === "dle") beginPacket();
    } else if (char === "\x03") {
      if (!line) return;
      prompt.makeRoom();
      line = "";
      silentLine = false;
    } else if (char === "\x05") {
      if (!line) parts.write(`Espruino ${parts.version} ${parts.board}\n`);
    } else if (char === "\x10") {
      if (!line) silentLine = true;
      state = "dle";
    } else if (char === "\x1b") {
      state = "escape";
    } else if (before === "escape") {
      // Alt-Enter: a line feed that does not run the line. Other sequences move a cursor that is not here.
      if (char === "\n") {
        echo("\n:");
        line += "\n";
      }
    } else if (char === "\b" || char === "\x7f") {
      if (line) echo("\b \b");
      line = line.slice(0, -1);
    } else if (char === "\n" && before === "return") {
      // The second half of CR LF.
    } else if (char === "\r" || char === "\n") {
      enter();
      prompt.comeBack();
      if (char === "\r") state = "return";
    } else {
      line += char;
      echo(char);
    }
  };

  const prompt: Prompt = {
    type(text) {
      for (let i = 0; i < text.length; i++) key(text[i]);
    },
    makeRoom() {
      if (isAway) return;
      isAway = true;
      if (!silentLine) parts.write("\r\x1b[J");
    },
    comeBack() {
      if (!isAway) return;
      isAway = false;
      if (!silentLine) parts.write(`>${line.split("\n").join("\n:")}`);
    },
  };
  return prompt;
}
