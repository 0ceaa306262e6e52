// What every command of the table in main.ts is made with, so that a command can be added from a file of its own.
import type { Command } from "commander";
import type { CliIo } from "./io.ts";

export interface Kit {
  io: CliIo;
  /** Adds --config. */
  configured(command: Command): Command;
  /** Adds --url, --token-file and --json. */
  remote(command: Command): Command;
  /** All of it, and --psk-file. */
  inRoom(command: Command): Command;
}

/** Puts its commands on the program. main.ts calls each, in the order of the help. */
export type AddCommands = (program: Command, kit: Kit) => void;

/** For an option that may be given again. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];
