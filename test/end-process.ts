import type { ChildProcess } from "node:child_process";

/** Ends a process that a test has started, unless it has ended already, and waits until it is gone. */
export async function endProcess(child: ChildProcess | null, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await gone;
}
