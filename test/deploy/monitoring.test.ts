// What deploy/monitoring/ ships, and what it looks at, checked by the programs that read it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Scratch } from "../host-bridge/scratch.ts";
import { type Dashboard, promQueries } from "./panels.ts";
import { has } from "./proxy.ts";
import { startWatched, type Watched } from "./watched.ts";

const FOLDER = fileURLToPath(new URL("../../deploy/monitoring/", import.meta.url));
const read = (file: string): string => readFileSync(join(FOLDER, file), "utf8");

/** Fails with what it says. */
function promtool(...args: string[]): void {
  const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: FOLDER, encoding: "utf8" });
  assert.equal(status, 0, `${stdout}${stderr}`);
}

describe("monitoring", function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  let watched: Watched;

  before(async () => {
    watched = await startWatched(scratch);
  });

  after(async () => {
    await watched?.stop();
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

    it("finds no fault with the configuration and the alerts", () => {
      promtool("check", "config", "prometheus.yml");
      promtool("check", "rules", "alerts.yml");
    });

    it("alerts for each trouble, when it has lasted, and not just before", () => {
      promtool("test", "rules", "alerts.test.yml");
      const names = [...read("alerts.yml").matchAll(/alert: (\w+)/g)].map(([, name]) => name);
      assert.ok(names.length > 10);
      for (const name of names) assert.match(read("alerts.test.yml"), new RegExp(`- name: ${name}$`, "m"));
    });

    it("understands every query of the dashboards", () => {
      const dashboard = JSON.parse(read("dashboard-server.json")) as Dashboard;
      const rules = promQueries(dashboard).map(({ expr }, i) => ({
        ...{ record: `panel:query${i}`, expr: expr.replaceAll("$__rate_interval", "1m") },
      }));
      assert.ok(rules.length > 30);
      const file = join(scratch.dir(), "panels.yml");
      writeFileSync(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
      promtool("check", "rules", file);
    });
  });
});
