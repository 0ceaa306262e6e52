// What deploy/monitoring/ ships, and what it looks at, checked by the programs that read it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { Scratch } from "../host-bridge/scratch.ts";
import { has } from "./proxy.ts";
import { startWatched, type Watched } from "./watched.ts";

describe("monitoring", function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  let watched: Watched;

  before(async () => {
    watched = await startWatched(scratch);
  });

  after(async () => {
    await watched.stop();
    scratch.clean();
  });

  it("serves messages, boards, peers, refusals, disk and process as numbers", async () => {
    const text = await watched.metrics();
    const value = (series: string): number => {
      const line = text.split("\n").find((each) => each.startsWith(`${series} `)) ?? assert.fail(`no ${series}`);
      return Number(line.split(" ").at(-1));
    };
    for (const board of ["first", "second"]) {
      assert.equal(value(`meshcore_board_connected{board="${board}"}`), 1);
      assert.ok(value(`meshcore_board_rssi_dbm{board="${board}"}`) < 0);
      // Boards tell their counters now and then, so these may be from before the first packet.
      assert.ok(value(`meshcore_board_rx_packets_total{board="${board}"}`) >= 0);
      assert.equal(value(`meshcore_board_duty_cycle_limit_ratio{board="${board}"}`), 0.1);
      assert.equal(value(`meshcore_board_faults_total{board="${board}",fault="radio_recoveries"}`), 0);
    }
    assert.equal(value('meshcore_peer_connected{peer="There"}'), 1);
    assert.equal(value('meshcore_peer_received_messages_total{peer="There"}'), 1);
    assert.equal(value('meshcore_refusals_total{door="http",code="auth_failed"}'), 1);
    for (const name of ["meshcore_disk_free_bytes", 'meshcore_history_file_bytes{file="history.sqlite"}'])
      assert.ok(value(name) > 0, name);
    for (const name of ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds"])
      assert.ok(value(name) > 0, name);
  });

  describe("in Prometheus", () => {
    before(function () {
      if (has("promtool", "--version")) return;
      this.test!.parent!.title += " (promtool not found)";
      this.skip();
    });

    it("keeps the conventions for names, units and help", async () => {
      const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
        input: await watched.metrics(),
      });
      assert.deepEqual([status, `${stdout}${stderr}`], [0, ""]);
    });
  });
});
