// How a federation does as it grows from 2 to 16 servers, each in a process of its own on the cores that there are.
import { join } from "node:path";
import { BenchServer } from "./federation-servers.ts";
import { median, monotonicMs } from "./processes.ts";

export interface GrowthFigures {
  shape: "star" | "mesh";
  servers: number;
  /** Messages a second, from the first post until every server has told its clients of all. */
  perSecond: number;
  /** The same, each message counted at each server that it had to come to. */
  deliveriesPerSecond: number;
  /** From the last post until all were told all. */
  settleMs: number;
  /** Resident bytes of a server, the middle one and the largest. */
  memory: number;
  mostMemory: number;
}

const SIZES = [2, 4, 8, 16];
const OPEN = 64;

/** `messages` are posted at all servers at once, each its share. */
export async function benchGrowth(folder: string, messages: number, most: number): Promise<GrowthFigures[]> {
  const figures: GrowthFigures[] = [];
  for (const shape of ["star", "mesh"] as const) {
    // Two of them are the same in either shape.
    const sizes = SIZES.filter((size) => size <= most && (shape === "star" || size > 2));
    for (const size of sizes) figures.push(await measure(join(folder, `${shape}-${size}`), shape, size, messages));
  }
  return figures;
}

async function measure(folder: string, shape: "star" | "mesh", size: number, messages: number): Promise<GrowthFigures> {
  const servers: BenchServer[] = [];
  for (let i = 0; i < size; i++) {
    const server = await BenchServer.make(folder, `City ${i}`, messages);
    for (const other of shape === "star" ? servers.slice(0, 1) : servers) server.dials(other);
    servers.push(server);
  }
  try {
    await Promise.all(servers.map((server) => server.start()));
    const peers = (i: number): number => (shape === "mesh" || i === 0 ? size - 1 : 1);
    await Promise.all(servers.map((server, i) => server.order({ do: "connected", peers: peers(i) })));
    const share = Math.floor(messages / size);
    const all = share * size;
    const startMs = monotonicMs();
    const told = servers.map((server) => server.order({ do: "told", count: all }));
    await Promise.all(servers.map((server) => server.order({ do: "post", count: share, open: OPEN })));
    const postedMs = monotonicMs();
    const endMs = Math.max(...(await Promise.all(told)).map(({ atMs }) => atMs));
    const digests = await Promise.all(servers.map((server) => server.order({ do: "digest" })));
    if (new Set(digests.map(({ digest }) => digest)).size !== 1) throw new Error("the histories differ");
    const memory = servers.map((server) => server.residentBytes());
    const perSecond = (1000 * all) / (endMs - startMs);
    return {
      ...{ shape, servers: size, perSecond, deliveriesPerSecond: perSecond * (size - 1) },
      ...{ settleMs: Math.max(0, endMs - postedMs), memory: median(memory), mostMemory: Math.max(...memory) },
    };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}
