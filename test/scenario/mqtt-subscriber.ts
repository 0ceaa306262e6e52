// Who reads what is published: a program in Python with paho, so that both ends are not of the same make; where that is not
// installed, the mqtt package.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Watcher } from "../host-bridge/mqtt/broker-bench.ts";

const PYTHON = ["python3", "/usr/bin/python3"].find(
  (python) => spawnSync(python, ["-c", "import paho.mqtt"], { stdio: "ignore" }).status === 0,
);

export interface Subscriber {
  readonly seen: [topic: string, text: string][];
  readonly make: string;
  leave(): Promise<void>;
}

export async function subscriber(port: number, wanted = "meshcore/#"): Promise<Subscriber> {
  if (PYTHON !== undefined) return paho(PYTHON, port, wanted);
  const watcher = await Watcher.at(port, "subscriber");
  return {
    make: "the mqtt package; paho not found",
    get seen(): [string, string][] {
      return watcher.seen.map(({ topic, text }) => [topic, text]);
    },
    leave: () => watcher.leave(),
  };
}

function paho(python: string, port: number, wanted: string): Subscriber {
  const program = join(import.meta.dirname, "mqtt-subscriber.py");
  const child: ChildProcess = spawn(python, [program, `${port}`, wanted], { stdio: ["ignore", "pipe", "inherit"] });
  const seen: [string, string][] = [];
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [topic, text] = JSON.parse(line) as [string, string];
      seen.push([topic, text]);
    });
  }
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    make: "paho",
    seen,
    leave: () => {
      child.kill("SIGKILL");
      return ended;
    },
  };
}
