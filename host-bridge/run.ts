import { randomInt } from "node:crypto";
import { openAlerts } from "./alerts/open-alerts.ts";
import { openAccess } from "./auth/access.ts";
import { systemClock } from "./clock.ts";
import type { LoadedConfig } from "./config/load.ts";
import { roomKey } from "./config/room-key.ts";
import type { BoardConfig, Config } from "./config/schema.ts";
import { Events } from "./events.ts";
import { Federation } from "./federation/federation.ts";
import { serveStatus } from "./federation/status.ts";
import { KissKeeper } from "./kiss/kiss-keeper.ts";
import { BoardKeeper } from "./link/board-keeper.ts";
import { openBoardKey } from "./link/board-key.ts";
import { Boards, type KeeperMaker } from "./link/boards.ts";
import { serveConsoles } from "./link/console-server.ts";
import type { BoardRadio } from "./link/keeper.ts";
import { serialSource } from "./link/ports.ts";
import { SimStage } from "./link/sim-boards.ts";
import type { Log } from "./log.ts";
import { Mqtt } from "./mqtt/mqtt.ts";
import { NodeStore } from "./nodes/node-store.ts";
import { Nodes } from "./nodes/nodes.ts";
import { reloader } from "./reload.ts";
import { makeRoom, Rooms } from "./room/rooms.ts";
import { Store } from "./room/store.ts";
import { Stops } from "./stops.ts";
import { openWeb } from "./web/open-web.ts";
import { type BackboneStatus, federationStatus, type PeerStatus } from "./web/status.ts";

export interface Daemon {
  /** Of the web page, as `http://host:port`. */
  url: string;
  /** Takes the configuration as `load` reads it now, as far as it can change at run time: reload.ts says what. */
  reload(load: () => LoadedConfig): Promise<boolean>;
  /** Ends everything; what was accepted is on the disk when it resolves. */
  stop(): Promise<void>;
}

/**
 * Puts the daemon together and starts it. Here, and only here, the parts are known to each other; at run time they meet
 * in events.ts and in the rooms. Throws RoomError when it cannot start; then nothing is left running.
 */
export async function runDaemon(loaded: Config, log: Log): Promise<Daemon> {
  // A reload writes into it.
  const config = structuredClone(loaded);
  const clock = systemClock;
  const stops = new Stops();
  try {
    sayWhatIsNotBuilt(config, log);
    const list = await Promise.all(
      config.rooms.map(async (room) => makeRoom(room, await roomKey(room.name, room.psk))),
    );
    const store = Store.open(config.dataDir);
    stops.push(() => store.close());
    const events = new Events(log);
    const access = openAccess(config.dataDir, clock);
    stops.push(() => access.close());
    const rooms = new Rooms(list, {
      ...{ store, events, clock, log, origin: config.name },
      isMuted: (room, sender) => access.moderation.isMuted(room, sender),
    });
    stops.push(() => rooms.stop());

    const { settings } = config.radio;
    const stage = new SimStage({
      radio: settings,
      speed: config.simulator.speed,
      log,
      settled: () => rooms.isSettled(),
    });
    stops.push(() => stage.stop());
    const boards = new Boards(
      config.boards.map((board) => keeperOf(board, config, stage)),
      {
        ...{ rooms, store, events, clock, log },
        boardKey: (board) => openBoardKey(config.dataDir, board),
        random16: () => randomInt(0x10000),
        rebroadcastMaxAgeMs: () => config.federation.rebroadcastMaxAgeS * 1000,
      },
    );

    const federation = config.federation.enabled
      ? new Federation({
          ...{ settings: () => config.federation, name: config.name, dataDir: config.dataDir },
          ...{ rooms, store, events, clock, log, random: Math.random },
        })
      : null;
    const peers = (): PeerStatus[] => federation?.status() ?? [];
    const backbone = (): BackboneStatus | null => federation?.backbone() ?? null;
    const nodeStore = NodeStore.open(config.dataDir);
    stops.push(() => nodeStore.close());
    const nodes = new Nodes({
      ...{ store: nodeStore, events, clock, log, settings: () => config.nodes },
      own: () => new Set(boards.keepers.flatMap((keeper) => keeper.publicKey() ?? [])),
    });
    stops.push(nodes.start());
    const mqtt = new Mqtt({
      ...{ config, rooms, store, events, clock, log, random: Math.random },
      nodes: () => [...nodes.all()].map((node) => nodes.view(node)),
      status: (rooms) => web.status({ kind: "local", role: "read", rooms, token: null }),
    });
    const { alerts, ...watch } = openAlerts({
      ...{ config, nodes, events, clock, log, peers, random: Math.random, shelf: nodeStore },
      ...{ keepers: boards.keepers, brokers: () => mqtt.status().brokers },
    });
    const web = openWeb({
      ...{ config, rooms, store, events, clock, log, access, boards, nodes, alerts, peers, backbone },
      mqtt: () => mqtt.status(),
    });
    if (federation !== null) web.http.sharePort((socket) => federation.take(socket));
    stops.push(() => web.stop());
    const url = await web.start();
    if (federation !== null) stops.push(await federation.start());
    if (federation !== null && config.federation.statusEndpoint) {
      stops.push(await serveStatus(config, () => federationStatus({ config, peers, backbone })));
    }
    stops.push(mqtt.start());
    stops.push(watch.start());
    // Not before somebody can hear them.
    const { neighbours } = config.simulator;
    let isChatting = neighbours === 0;
    const off = events.on("board", ({ connected }) => {
      if (!connected || isChatting) return;
      isChatting = true;
      stage.chat(list, neighbours);
    });
    stops.push(off);
    stops.push(boards.start());
    stops.push(serveConsoles(config.dataDir, boards.keepers, log));
    return { url, reload: reloader({ config, rooms, events, log }), stop: () => stops.end() };
  } catch (error) {
    await stops.end();
    throw error;
  }
}

function keeperOf(board: BoardConfig, config: Config, stage: SimStage): KeeperMaker {
  const { settings, dutyCyclePercent } = board.radio ?? config.radio;
  const radio: BoardRadio = { ...settings, dutyPermille: Math.round(dutyCyclePercent * 10) };
  switch (board.type) {
    case "serial":
      return (parts, desk) => new BoardKeeper(serialSource(board), radio, parts, desk);
    case "sim":
      return (parts, desk) => new BoardKeeper(stage.source(board), radio, parts, desk);
    case "kiss":
      return (parts, desk) => new KissKeeper(serialSource(board), radio, parts, desk);
  }
}

/** Accepted in the configuration, and not there yet: the operator must not believe otherwise. */
function sayWhatIsNotBuilt(config: Config, log: Log): void {
  const parts: [boolean, string][] = [
    [
      config.mqtt.enabled && config.mqtt.brokers.some(({ profile }) => profile === "mc2mqtt"),
      "mqtt: nothing is published to brokers of profile mc2mqtt",
    ],
    [config.companion.listen !== null, "companion: no port is opened"],
  ];
  for (const [isWanted, what] of parts) if (isWanted) log.warn(`not built yet, so without effect: ${what}`);
}
