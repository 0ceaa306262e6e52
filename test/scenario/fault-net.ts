// Networks for the fault script: each server in a network namespace of its own, all on one bridge.
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

function works(program: string, line: string): boolean {
  try {
    execFileSync(program, line.split(" "), { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const probe = `mcr${process.pid}`;
/** May this user make network namespaces? */
export const hasNamespaces = works("ip", `netns add ${probe}`) && works("ip", `netns del ${probe}`);
const hasNetem = hasNamespaces && works("unshare", "-n tc qdisc add dev lo root netem loss 1%");
const dropRule = "rule inet faults in numgen random mod 100 < 1 drop";
const hasNft =
  hasNamespaces &&
  works(
    "unshare",
    `-n nft add table inet faults; add chain inet faults in { type filter hook input priority 0; }; add ${dropRule}`,
  );
/** What drops packets by chance here. */
export const lossBy = hasNetem ? "tc netem" : hasNft ? "nftables" : null;

/** One server's network. */
export interface Plug {
  /** Where the server is reached. */
  host: string;
  /** Where it reaches cables. */
  gateway: string;
  /** What runs a program in it. */
  within: string[];
  /** All that it sends and gets is gone, without a word to either side. */
  pull(): Promise<void>;
  push(): Promise<void>;
  /** So many of 100 packets are lost in each direction, and with netem all are late; 0, 0 ends it. */
  spoil(percent: number, delayMs: number): Promise<void>;
}

/** Throws where namespaces are not allowed. */
export class FaultNet {
  readonly plugs: Plug[] = [];
  readonly gateway: string;
  private readonly name: string;

  constructor(count: number) {
    this.name = probe;
    const { name } = this;
    // RFC 2544 gives this range to tests; runs side by side must not meet.
    const net = `198.18.${process.pid % 256}`;
    this.gateway = `${net}.254`;
    const ip = (line: string): void => void execFileSync("ip", line.split(" "), { stdio: "pipe" });
    try {
      ip(`link add ${name} type bridge`);
      ip(`addr add ${this.gateway}/24 dev ${name}`);
      ip(`link set ${name} up`);
      for (let i = 0; i < count; i++) {
        const [space, port] = [`${name}n${i}`, `${name}p${i}`];
        ip(`netns add ${space}`);
        ip(`link add ${port} type veth peer name net netns ${space}`);
        ip(`link set ${port} master ${name} up`);
        ip(`-n ${space} addr add ${net}.${i + 1}/24 dev net`);
        ip(`-n ${space} link set net up`);
        ip(`-n ${space} link set lo up`);
        this.plugs.push(this.plug(space, port, `${net}.${i + 1}`));
      }
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  remove(): void {
    for (const i of this.plugs.keys()) works("ip", `netns del ${this.name}n${i}`);
    works("ip", `netns del ${this.name}n${this.plugs.length}`);
    works("ip", `link del ${this.name}`);
  }

  private plug(space: string, port: string, host: string): Plug {
    const within = ["ip", "netns", "exec", space];
    const inside = (line: string) => run("ip", [...within.slice(1), ...line.split(" ")]);
    let isSpoilt = false;
    const netem = async (line: string): Promise<void> => {
      await inside(`tc qdisc ${line.replace("DEV", "net")}`);
      await run("tc", ["qdisc", ...line.replace("DEV", port).split(" ")]);
    };
    const clean = async (): Promise<void> => {
      if (isSpoilt) await (hasNetem ? netem("del dev DEV root") : inside("nft delete table inet faults"));
      isSpoilt = false;
    };
    return {
      ...{ host, gateway: this.gateway, within },
      pull: async () => void (await run("ip", ["link", "set", port, "down"])),
      push: async () => void (await run("ip", ["link", "set", port, "up"])),
      spoil: async (percent, delayMs) => {
        await clean();
        if (percent === 0 && delayMs === 0) return;
        isSpoilt = true;
        if (hasNetem) {
          await netem(`add dev DEV root netem loss ${percent}% delay ${delayMs}ms ${delayMs >> 2}ms`);
          return;
        }
        const chains = ["input", "output"].map(
          (hook) =>
            `add chain inet faults ${hook} { type filter hook ${hook} priority 0; }; add rule inet faults ${hook} numgen random mod 100 < ${percent} drop`,
        );
        await inside(`nft add table inet faults; ${chains.join("; ")}`);
      },
    };
  }
}
