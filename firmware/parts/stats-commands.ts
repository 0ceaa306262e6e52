// What a board has counted, in MeshCore's JSON (StatsFormatHelper.h).
import type { Console } from "../console.ts";
import { COUNT } from "../counters.ts";
import { STATE } from "../store-format.ts";
import { errors, REASONS } from "./errors.ts";

export function statsCommands(console: Console, name: string): string {
  const hal = console.hal;
  const mesh = console.mesh;
  const radio = mesh.radio;
  const counters = mesh.counters;
  const sent = counters[COUNT.tx];
  const malformed = counters[COUNT.malformed];
  const direct = mesh.directReceived;
  switch (name) {
    case "errors":
      return errors(console);
    case "clear stats":
      // The time on air goes on.
      radio.rxPackets -= counters[COUNT.rx];
      counters.fill(0);
      radio.faults.fill(0);
      mesh.directReceived = mesh.directSent = mesh.errorFlags = 0;
      return "(OK - stats reset)";
    case "stats-core": {
      const { prefs, store } = console.settings;
      const own = console.board.battery.multiplier;
      return (
        '{"battery_mv":' +
        Math.round(prefs.adcMultiplier && own ? (hal.batteryMv() * prefs.adcMultiplier) / own : hal.batteryMv()) +
        ',"uptime_secs":' +
        console.settings.uptimeS() +
        ',"errors":' +
        mesh.errorFlags +
        ',"queue_len":' +
        mesh.queue.size +
        ',"restarts":{' +
        REASONS.map((reason, i) => '"' + reason.replace("-", "_") + '":' + store.starts[STATE.starts + i]).join() +
        '},"last_restart":"' +
        REASONS[store.state[STATE.reason]].replace("-", "_") +
        '"}'
      );
    }
    case "stats-radio":
      return (
        '{"noise_floor":' +
        Math.round(radio.noiseFloor) +
        ',"last_rssi":' +
        ((radio.signal << 16) >> 16) +
        ',"last_snr":' +
        (((radio.signal << 8) >> 24) / 4).toFixed(2) +
        ',"tx_air_secs":' +
        Math.floor(radio.txAirMs / 1000) +
        ',"rx_air_secs":' +
        Math.floor(radio.rxAirMs() / 1000) +
        "}"
      );
  }
  return (
    '{"recv":' +
    counters[COUNT.rx] +
    ',"sent":' +
    sent +
    ',"flood_tx":' +
    (sent - mesh.directSent) +
    ',"direct_tx":' +
    mesh.directSent +
    ',"flood_rx":' +
    (counters[COUNT.rx] - malformed - direct) +
    ',"direct_rx":' +
    direct +
    ',"recv_errors":' +
    (counters[COUNT.crcErrors] + counters[COUNT.headerErrors] + malformed) +
    "}"
  );
}
