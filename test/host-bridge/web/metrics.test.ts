import assert from "node:assert/strict";
import { Events } from "../../../host-bridge/events.ts";
import { silentLog } from "../../../host-bridge/log.ts";
import { Metrics } from "../../../host-bridge/web/metrics.ts";
import type { Status } from "../../../host-bridge/web/status.ts";

const RADIO = {
  ...{ busy_stuck: 1, edges_missed: 0, tx_endless: 3, mode_left: 0 },
  ...{ chip_silent: 0, cad_endless: 0, deaf: 0, not_taken: 0 },
};

const QUIET = {
  ...{ id: "b1", connected: true, link_errors: 0, rx_packets: null, tx_packets: null },
  ...{ airtime_percent: null, noise_floor_dbm: null, tx_queue: null },
};

describe("metrics", () => {
  it("tell what went wrong with a board's radio by name, once the board has said it", async () => {
    let faults: object = { radio_recoveries: null, radio: null };
    const status = () =>
      ({
        ...{ version: "1", uptime_s: 1, rooms: [], clients: 0, nodes: 0 },
        ...{ mqtt: { connected: false, brokers: [] }, federation: { peers: [] }, boards: [{ ...QUIET, faults }] },
      }) as unknown as Status;
    const events = new Events(silentLog());
    const metrics = new Metrics({ status, events, rooms: { get: () => undefined } as never });
    assert.doesNotMatch(await metrics.text(), /radio_faults\{/);
    faults = { radio_recoveries: 4, radio: RADIO };
    const text = await metrics.text();
    assert.match(text, /^meshcore_board_radio_recoveries\{board="b1"\} 4$/m);
    assert.match(text, /^meshcore_board_radio_faults\{board="b1",reason="busy_stuck"\} 1$/m);
    assert.match(text, /^meshcore_board_radio_faults\{board="b1",reason="tx_endless"\} 3$/m);
    faults = { radio_recoveries: null, radio: null };
    assert.doesNotMatch(await metrics.text(), /radio_faults\{/);
    metrics.stop();
  });
});
