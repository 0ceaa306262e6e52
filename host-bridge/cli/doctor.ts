// doctor: what stands in the way of this configuration on this machine, each line with its remedy.
import { spawnSync } from "node:child_process";
import { describe, RoomError } from "../errors.ts";
import { printable } from "../log.ts";
import type { Finding, Surroundings } from "./checks.ts";
import { findings } from "./checks.ts";
import { configForClient } from "./config.ts";
import type { CliIo } from "./io.ts";
import { paint } from "./io.ts";
import type { AddCommands } from "./kit.ts";

export const addDoctor: AddCommands = (program, { io, configured }) => {
  configured(program.command("doctor"))
    .description(
      "look for what is wrong on this machine (ports, permissions, clock, disk, certificates, boards, brokers, peers)",
    )
    .option("--json", "machine readable output")
    .action((options) => doctor(options, io, systemSurroundings()));
};

const MARKS = { ok: ["green", "ok"], warning: ["yellow", "warn"], failed: ["red", "FAIL"] } as const;

/** Prints each finding as it comes. Throws `doctor_failed` when something will not work. */
export async function doctor(
  options: { config?: string[]; json?: boolean },
  io: CliIo,
  around: Surroundings,
): Promise<void> {
  const { config, files, warnings } = configForClient(io, options.config);
  const list: Finding[] = [];
  const tell = (finding: Finding): void => {
    list.push(finding);
    if (!options.json) io.out(lineOf(finding, io));
  };
  if (warnings.length === 0) tell({ check: "configuration", state: "ok", found: files.join(", "), remedy: null });
  for (const one of warnings) {
    const remedy = one.hint ?? "meshcore-room check";
    tell({ check: "configuration", state: "warning", found: describe(one), remedy });
  }
  for await (const finding of findings(config, around)) tell(finding);
  if (options.json) io.out(`${JSON.stringify(list, null, 2)}\n`);
  const count = list.filter(({ state }) => state === "failed").length;
  if (count === 0) return;
  throw new RoomError("doctor_failed", `${count} of ${list.length} checks failed`, {
    hint: "what stands after each FAIL, then meshcore-room doctor again",
  });
}

function lineOf({ check, state, found, remedy }: Finding, io: CliIo): string {
  const [colour, mark] = MARKS[state];
  if (!io.isTty) return `${[mark, check, found, remedy ?? ""].map(printable).join("\t")}\n`;
  const line = `${paint(io, colour, mark.padEnd(4))}  ${printable(check)}: ${printable(found)}\n`;
  return remedy === null ? line : `${line}      Try: ${printable(remedy)}\n`;
}

function systemSurroundings(): Surroundings {
  return {
    unixMs: () => Date.now(),
    clockIsSynchronised: () => {
      const asked = spawnSync("timedatectl", ["show", "--property=NTPSynchronized", "--value"], { encoding: "utf8" });
      const answer = asked.status === 0 ? asked.stdout.trim() : "";
      return answer === "yes" ? true : answer === "no" ? false : null;
    },
    uid: process.getuid?.() ?? null,
  };
}
