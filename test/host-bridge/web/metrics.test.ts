import assert from "node:assert/strict";
import type { Principal } from "../../../host-bridge/auth/principal.ts";
import { Events } from "../../../host-bridge/events.ts";
import { silentLog } from "../../../host-bridge/log.ts";
import type { RoomMessage } from "../../../host-bridge/room/message.ts";
import { Metrics } from "../../../host-bridge/web/metrics.ts";
import type { Status } from "../../../host-bridge/web/status.ts";
import { Scratch } from "../scratch.ts";
import { testConfig } from "./server-bench.ts";

const RADIO = {
  ...{ busy_stuck: 1, edges_missed: 0, tx_endless: 3, mode_left: 0 },
  ...{ chip_silent: 0, cad_endless: 0, deaf: 0, not_taken: 0 },
};

const QUIET = {
  ...{ id: "b1", connected: true, link_errors: 0, rx_packets: null, tx_packets: null },
  ...{ airtime_percent: null, noise_floor_dbm: null, tx_queue: null },
};

const roomStatus = (name: string) => ({
  ...{ name, clients: 0, participants: 0, messages: 0, max_history: 9 },
  rebroadcast: { sent: 0, not_sent: {}, airtime_ms: 0 },
});

describe("metrics", () => {
  const scratch = new Scratch();
  const config = testConfig(scratch.dir());
  let faults: object = { radio_recoveries: null, radio: null };
  let events: Events;
  let metrics: Metrics;
  const status = ({ kind }: Principal) =>
    ({
      ...{ version: "1", uptime_s: 1, clients: 0, nodes: 0, alerts: [], history_error: null },
      rooms: (kind === "anonymous" ? ["Open"] : ["Open", "Secret"]).map(roomStatus),
      ...{ mqtt: { brokers: [] }, federation: { peers: [] }, boards: [{ ...QUIET, faults }] },
    }) as unknown as Status;

  beforeEach(() => {
    events = new Events(silentLog());
    metrics = new Metrics({ config, status, events });
  });

  afterEach(() => {
    metrics.stop();
    config.metrics = { privateRooms: false };
  });

  after(() => scratch.clean());

  const message = (room: string) =>
    events.emit("message", { room, via: "radio", board: "b1", rssi: -91, snr: 4.5 } as RoomMessage);

  it("tell what went wrong with a board's radio by name, once the board has said it", async () => {
    assert.doesNotMatch(await metrics.text(), /radio_faults_total\{/);
    faults = { radio_recoveries: 4, radio: RADIO };
    const text = await metrics.text();
    assert.match(text, /^meshcore_board_faults_total\{board="b1",fault="radio_recoveries"\} 4$/m);
    assert.match(text, /^meshcore_board_radio_faults_total\{board="b1",reason="busy_stuck"\} 1$/m);
    assert.match(text, /^meshcore_board_radio_faults_total\{board="b1",reason="tx_endless"\} 3$/m);
    faults = { radio_recoveries: null, radio: null };
    assert.doesNotMatch(await metrics.text(), /radio_faults_total\{/);
  });

  it("name private rooms only where the configuration says so", async () => {
    message("Open");
    message("Secret");
    const text = await metrics.text();
    assert.match(text, /^meshcore_room_messages_total\{room="Open",via="radio"\} 1$/m);
    assert.doesNotMatch(text, /Secret/);
    config.metrics = { privateRooms: true };
    assert.match(await metrics.text(), /^meshcore_room_messages_total\{room="Secret",via="radio"\} 1$/m);
    config.metrics = { privateRooms: false };
    assert.doesNotMatch(await metrics.text(), /Secret/);
  });

  it("tell how each board heard its last packet, and nothing of a board that heard none", async () => {
    assert.doesNotMatch(await metrics.text(), /rssi_dbm\{/);
    events.emit("reception", { room: "Open", guid: "", board: "b1", rssi: -91, snr: 4.5 });
    events.emit("heard", { board: "b1", rssi: null, snr: null, packet: new Uint8Array(1) });
    const text = await metrics.text();
    assert.match(text, /^meshcore_board_rssi_dbm\{board="b1"\} -91$/m);
    assert.match(text, /^meshcore_board_snr_db\{board="b1"\} 4.5$/m);
  });

  it("do not show what is unknown as 0", async () => {
    assert.doesNotMatch(await metrics.text(), /^meshcore_(outbox|backbone|board_airtime_ratio)/m);
  });

  it("count refusals at each door by their code, from 0 for the usual ones", async () => {
    assert.match(await metrics.text(), /^meshcore_refusals_total\{door="websocket",code="proof_failed"\} 0$/m);
    metrics.refused("websocket", "proof_failed");
    metrics.refused("http", "not_found");
    const text = await metrics.text();
    assert.match(text, /^meshcore_refusals_total\{door="websocket",code="proof_failed"\} 1$/m);
    assert.match(text, /^meshcore_refusals_total\{door="http",code="not_found"\} 1$/m);
    assert.match(text, /^meshcore_refusals_total\{door="http",code="rate_limited"\} 0$/m);
  });
});
