// Command lines inside of the test process, with everything they print.
import type { CliIo } from "../../../host-bridge/cli/io.ts";
import { main } from "../../../host-bridge/cli/main.ts";

export interface Run {
  code: number;
  out: string;
  err: string;
}

/** A command line in this process. `interrupt` is Ctrl-C, `hangup` SIGHUP. */
export function start(args: string[], options: { env?: NodeJS.ProcessEnv; isTty?: boolean } = {}) {
  let interrupt: () => void = () => undefined;
  const interrupted = new Promise<void>((resolve) => {
    interrupt = resolve;
  });
  let hangup: () => void = () => undefined;
  const run: Run = { code: -1, out: "", err: "" };
  /** Both streams in the order of time, as a terminal shows them. */
  let shown = "";
  const waiting: (() => void)[] = [];
  const io: CliIo = {
    out: (text) => {
      run.out += text;
      shown += text;
      for (const wake of waiting.splice(0)) wake();
    },
    err: (text) => {
      run.err += text;
      shown += text;
      for (const wake of waiting.splice(0)) wake();
    },
    env: options.env ?? {},
    defaultFiles: [],
    isTty: options.isTty ?? false,
    interrupted: () => interrupted,
    onHangup: (fn) => {
      hangup = fn;
    },
  };
  const done = main(args, io).then((code) => ({ ...run, code }));
  /** Until `text` is there; a text that never comes runs into mocha's timeout. */
  const until = async (stream: "out" | "err", text: string): Promise<void> => {
    while (!run[stream].includes(text)) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { done, interrupt, hangup: () => hangup(), until, run, shown: () => shown };
}

/** A command line from its start to its end. */
export const command = (args: string[], options?: Parameters<typeof start>[1]): Promise<Run> =>
  start(args, options).done;
