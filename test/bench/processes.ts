// What Linux says of another process, and the one clock that all processes of a machine share.
import { readFileSync } from "node:fs";

/** Resident bytes. */
export function residentBytes(pid: number | undefined): number {
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** Milliseconds of processor time. */
export function cpuMs(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  // utime and stime, in hundredths of a second on every Linux.
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** Monotonic milliseconds, the same in every process. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A text of ordinary length that says when it was sent. */
export const stamped = (): string => `${monotonicMs().toFixed(3)} a message of ordinary length, nothing special`;

/** How long a stamped text was on its way, in milliseconds. */
export const lateMs = (text: string): number => monotonicMs() - Number(text.slice(0, text.indexOf(" ")));

export const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
export const median = (values: readonly number[]): number => sorted(values)[values.length >> 1];
export const percentile = (values: readonly number[], share: number): number =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))];

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What follows `name` among the arguments. */
export function numberAfter(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}
