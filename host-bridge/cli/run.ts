// run, check, sim: what works on the configuration or is a service itself.
import { BOARDS } from "../../boards/all.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { printConfig } from "../config/print.ts";
import { suggest } from "../config/suggest.ts";
import { describe, printError, RoomError, RoomErrorList } from "../errors.ts";
import type { Log } from "../log.ts";
import { createLog } from "../log.ts";
import type { Daemon } from "../run.ts";
import { serviceManager } from "../service.ts";
import type { SimOptions } from "../sim.ts";
import { filesToRun } from "./config.ts";
import type { CliIo } from "./io.ts";
import { addressOption, numberOption } from "./io.ts";

/** A clean stop that takes longer is given up. */
const STOP_MS = 10_000;

interface Service {
  stop(): Promise<void>;
}

/** The daemon: until SIGINT or SIGTERM; SIGHUP reads the configuration again. */
export async function run(options: { config?: string[]; printConfig?: boolean }, io: CliIo): Promise<void> {
  const load = (): LoadedConfig => loadConfig(filesToRun(io, options.config), io.env);
  const loaded = load();
  const { config, warnings } = loaded;
  if (options.printConfig) {
    for (const warning of warnings) io.err(`${warningText(warning)}\n`);
    io.out(printConfig(loaded));
    return;
  }
  const log = createLog({ ...config.log, write: io.out });
  for (const warning of warnings)
    log.warn(`${describe(warning)}${warning.hint === undefined ? "" : `; ${warning.hint}`}`);
  const interrupted = io.interrupted();
  // The client commands start in a fraction of the time without the daemon's modules.
  const { runDaemon } = await import("../run.ts");
  const manager = serviceManager(io.env, log);
  let daemon: Daemon | null = null;
  // A signal during the start waits for its end.
  let isStale = false;
  const reload = async (of: Daemon): Promise<void> => {
    manager.reloading();
    await of.reload(load);
    manager.ready(`at ${of.url}`);
  };
  io.onHangup(() => {
    if (daemon === null) isStale = true;
    else void reload(daemon);
  });
  daemon = await runDaemon(config, log);
  if (isStale) await reload(daemon);
  if (config.log.format === "json") log.info("ready", { url: daemon.url });
  else io.out(`MeshCore Room "${config.name}" is at ${daemon.url}${manager.isThere ? "" : " (Ctrl-C stops it)"}\n`);
  manager.ready(`at ${daemon.url}`);
  void interrupted.then(() => manager.stopping());
  await serve(daemon, interrupted, log);
}

/** The simulated channel alone, with its port. */
export async function sim(
  options: { ether: string; speed: string; neighbours: string; board?: string[]; serial?: string },
  io: CliIo,
): Promise<void> {
  const log = createLog({ level: "info", format: "text", write: io.out });
  const simOptions: SimOptions = {
    ether: addressOption(options.ether, "--ether"),
    speed: numberOption(options.speed, "--speed", 0, 1000, false),
    neighbours: numberOption(options.neighbours, "--neighbours", 0, 100, true),
    boards: (options.board ?? []).map(modelOption),
    serial: options.serial === undefined ? null : addressOption(options.serial, "--serial"),
  };
  const interrupted = io.interrupted();
  const { runSim } = await import("../sim.ts");
  await serve(await runSim(simOptions, log), interrupted, log);
}

function modelOption(model: string): string {
  const models = BOARDS.map((board) => board.id);
  if (models.includes(model)) return model;
  const near = suggest(model, models);
  const hint = near === null ? "meshcore-room help sim" : `did you mean ${near}?`;
  throw new RoomError("bad_usage", "--board", { expected: `one of ${models.join(", ")}`, found: `"${model}"`, hint });
}

async function serve(service: Service, interrupted: Promise<void>, log: Log): Promise<void> {
  await interrupted;
  log.info("stopping");
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    const hint = "look at the log for what did not end; nothing that was acknowledged is lost";
    timer = setTimeout(
      () => reject(new RoomError("stop_timeout", `not stopped after ${STOP_MS / 1000} s`, { hint })),
      STOP_MS,
    );
  });
  await Promise.race([service.stop(), tooLong]);
  clearTimeout(timer);
  log.info("stopped");
}

const warningText = (warning: RoomError): string => printError(warning).replace(/^Error:/, "Warning:");

/** Reads the configuration as `run` would. Warnings go to standard error; with --strict they are errors. */
export async function check(options: { config?: string[]; strict?: boolean }, io: CliIo): Promise<void> {
  const files = filesToRun(io, options.config);
  const { config, warnings } = loadConfig(files, io.env);
  // A file's mode says something about this machine, not about the configuration.
  const refused = options.strict ? warnings.filter(({ code }) => code !== "open_file") : [];
  if (refused.length > 0) throw new RoomErrorList("bad_config", "refused by --strict", refused);
  for (const warning of warnings) io.err(`${warningText(warning)}\n`);
  const count = (number: number, name: string): string => `${number} ${name}${number === 1 ? "" : "s"}`;
  const { rooms, boards, federation } = config;
  const parts = [count(rooms.length, "room"), count(boards.length, "board"), count(federation.peers.length, "peer")];
  io.out(
    `${files.join(", ")}: good (${parts.join(", ")}${warnings.length > 0 ? `, ${count(warnings.length, "warning")}` : ""})\n`,
  );
}
