// Messages from one end of a row of three servers to the other: ours beside mosquittos with bridges and NATS leafnodes, in turns.
import { mosquittoChain, natsChain } from "./brokers.ts";
import { BenchServer } from "./federation-servers.ts";
import { median, percentile, wait } from "./processes.ts";

/** Three servers in a row that messages go through. */
export interface Chain {
  /** So many, as fast as they go; how late each was too. */
  flood(count: number): Promise<{ perSecond: number; late: number[] }>;
  /** One by one; how late each was, in ms. */
  pace(count: number, everyMs: number): Promise<number[]>;
  stop(): Promise<void>;
}

export interface ChainFigures {
  name: string;
  perSecond: number[];
  /** Unloaded, in ms. */
  p50: number[];
  p99: number[];
  /** While as many are sent as go. */
  loadedP99: number[];
}

const PACED = 200;
const EVERY_MS = 15;
/** Messages that the first server has not acknowledged: a post is when it is durable, a QoS 1 message when mosquitto has it. */
export const OPEN = 1024;
/** After a flood: our search index is brought up, and whatever the others may have to do. */
const SETTLE_MS = 1500;

async function ourChain(folder: string, maxHistory: number): Promise<Chain> {
  const servers: BenchServer[] = [];
  for (const name of ["A", "B", "C"]) servers.push(await BenchServer.make(folder, name, maxHistory));
  const [a, b, c] = servers;
  a.dials(b);
  b.dials(c);
  for (const server of servers) await server.start();
  await b.order({ do: "connected", peers: 2 });
  let all = 0;
  return {
    flood: async (count) => {
      all += count;
      const far = c.order({ do: "told", count: all });
      const { atMs: firstMs } = await a.order({ do: "post", count, open: OPEN });
      const { atMs, late } = await far;
      return { perSecond: (1000 * count) / (atMs - firstMs), late };
    },
    pace: async (count, everyMs) => {
      all += count;
      const far = c.order({ do: "told", count: all });
      await a.order({ do: "pace", count, everyMs });
      return (await far).late;
    },
    stop: async () => {
      for (const server of servers) await server.stop();
    },
  };
}

/** What is not installed is left out. */
export async function benchChain(folder: string, rounds: number, messages: number): Promise<ChainFigures[]> {
  const chains: { name: string; chain: Chain }[] = [];
  const add = (name: string, chain: Chain | null): void => {
    if (chain === null) console.log(`federation: no ${name} on this machine`);
    else chains.push({ name, chain });
  };
  add("meshcore-room", await ourChain(folder, 4 * messages * (rounds + 1)));
  add("mosquitto", await mosquittoChain(folder));
  add("nats-server", await natsChain(folder));
  const figures = chains.map(({ name }) => ({ name, perSecond: [], p50: [], p99: [], loadedP99: [] }) as ChainFigures);
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const [i, { chain }] of chains.entries()) {
        const late = await chain.pace(PACED, EVERY_MS);
        const flood = await chain.flood(messages);
        await wait(SETTLE_MS);
        // The first round warms up.
        if (round === 0) continue;
        figures[i].perSecond.push(flood.perSecond);
        figures[i].loadedP99.push(percentile(flood.late, 0.99));
        figures[i].p50.push(median(late));
        figures[i].p99.push(percentile(late, 0.99));
      }
    }
  } finally {
    for (const { chain } of chains) await chain.stop();
  }
  return figures;
}
