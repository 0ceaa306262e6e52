// Where a stranger can stand: a network namespace behind a pair of virtual cables, or else this machine's own address.
import { execFileSync, spawn } from "node:child_process";
import { networkInterfaces } from "node:os";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Seen, Task } from "./stranger-child.ts";

const CHILD = fileURLToPath(new URL("stranger-child.ts", import.meta.url));

export interface Place {
  /** What this is, for the title of the suite. */
  what: string;
  /** The daemon's address as the stranger sees it. */
  address: string;
  send(task: Task): Promise<Seen>;
  leave(): void;
}

/** null where this machine has no address but loopback. */
export function strangerPlace(): Place | null {
  return namespace() ?? ownAddress();
}

function namespace(): Place | null {
  const name = `mcr${process.pid}`;
  const ip = (line: string): void => void execFileSync("ip", line.split(" "), { stdio: "ignore" });
  const leave = (): void => {
    for (const line of [`netns del ${name}`, `link del ${name}a`]) {
      try {
        ip(line);
      } catch {
        // The cable goes with the namespace.
      }
    }
  };
  try {
    ip(`netns add ${name}`);
    ip(`link add ${name}a type veth peer name ${name}b netns ${name}`);
    ip(`addr add 198.51.100.1/30 dev ${name}a`);
    ip(`link set ${name}a up`);
    ip(`-n ${name} addr add 198.51.100.2/30 dev ${name}b`);
    ip(`-n ${name} link set ${name}b up`);
  } catch {
    leave();
    return null;
  }
  const send = (task: Task): Promise<Seen> => run("ip", ["netns", "exec", name, process.execPath], task);
  return { what: "in a network namespace", address: "198.51.100.1", send, leave };
}

function ownAddress(): Place | null {
  const found = Object.values(networkInterfaces())
    .flat()
    .find((entry) => entry?.family === "IPv4" && !entry.internal);
  if (found === undefined) return null;
  const send = (task: Task): Promise<Seen> => run(process.execPath, [], task);
  return { what: "at this machine's own address", address: found.address, send, leave: () => undefined };
}

async function run(program: string, args: string[], task: Task): Promise<Seen> {
  const child = spawn(program, [...args, "--import", "tsx", CHILD], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(task));
  return JSON.parse(await text(child.stdout)) as Seen;
}
