// What systemd wants to hear from a service of Type=notify (sd_notify(3)).
import { spawn } from "node:child_process";
import type { Log } from "./log.ts";

/** Tells the service manager how the daemon is; where there is none, every call does nothing. */
export interface ServiceManager {
  /** False where somebody started the daemon by hand. */
  readonly isThere: boolean;
  /** Clients can connect, at the start and after a reload. From the first time on the watchdog is fed. */
  ready(status: string): void;
  /** The configuration is read again; ready() ends it. */
  reloading(): void;
  /** The stop begins; the watchdog is no longer fed. */
  stopping(): void;
}

/** Runs a program with arguments; calls back with what went wrong, or null. */
export type RunProgram = (program: string, args: string[], done: (fault: string | null) => void) => void;

/** Twice in the time that systemd waits, as its manual advises. */
const FEEDS_PER_TIMEOUT = 2;

/**
 * The manager that `env` names (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID). Node has no datagrams on Unix sockets, and a
 * native module for three words is more to maintain than it is worth: systemd's own `systemd-notify` sends them, a process
 * of milliseconds, which needs NotifyAccess=all in the unit. The watchdog is fed by a timer of the event loop, so that it
 * barks when the loop stands still.
 */
export function serviceManager(
  env: NodeJS.ProcessEnv,
  log: Log,
  run: RunProgram = runProgram,
  pid: number = process.pid,
): ServiceManager {
  if (!env["NOTIFY_SOCKET"]) return { isThere: false, ready: nothing, reloading: nothing, stopping: nothing };
  const timeoutMs = env["WATCHDOG_PID"] === undefined || Number(env["WATCHDOG_PID"]) === pid ? watchdogMs(env) : null;
  let hasFailed = false;
  const tell = (...words: string[]): void => {
    run("systemd-notify", words, (fault) => {
      if (fault !== null && !hasFailed)
        log.error(`systemd cannot be told ${words[0]}, and may end this service: ${fault}`);
      hasFailed = fault !== null;
    });
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    isThere: true,
    ready: (status) => {
      tell("READY=1", `STATUS=${status}`);
      if (timeoutMs !== null) timer ??= setInterval(() => tell("WATCHDOG=1"), timeoutMs / FEEDS_PER_TIMEOUT).unref();
    },
    // Type=notify-reload wants the time on the clock that systemd uses itself.
    reloading: () => tell("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => {
      clearInterval(timer);
      tell("STOPPING=1");
    },
  };
}

const nothing = (): void => undefined;

function watchdogMs(env: NodeJS.ProcessEnv): number | null {
  const usec = Number(env["WATCHDOG_USEC"]);
  return Number.isFinite(usec) && usec > 0 ? usec / 1000 : null;
}

/** The daemon neither waits for it nor is kept alive by it. */
function runProgram(program: string, args: string[], done: (fault: string | null) => void): void {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], timeout: 10_000 });
  let said = "";
  child.stderr.on("data", (data: Buffer) => {
    said = `${said}${data}`.slice(0, 500);
  });
  child.once("error", (error) => done(error.message));
  child.once("exit", (code, signal) => done(code === 0 ? null : `${program}: ${said.trim() || (signal ?? code)}`));
  child.unref();
}
