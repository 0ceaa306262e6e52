import { rmSync } from "node:fs";
import { roomOf, TestServer } from "../host-bridge/federation/server-bench.ts";
import { freePort } from "../simulator/tcp-station.ts";
import { lateMs, median, percentile, stamped, wait } from "./processes.ts";
rmSync("/tmp/one3", { recursive: true, force: true });
const s: TestServer[] = [];
for (const n of ["A", "B", "C"]) s.push(new TestServer(n, `/tmp/one3/${n}`, await freePort(), [roomOf("Open", { maxHistory: 100_000 })]));
s[0].dials(s[1]); s[1].dials(s[2]);
let late: number[] = []; let told = 0;
s[2].told.push = (m) => { late.push(lateMs(m.text)); return ++told; };
for (const x of s) await x.start();
while (s[1].connected() < 2) await wait(10);
for (const [mode, n] of [["pace", 200], ["fast", 500], ["pace", 200], ["fast", 1000], ["pace", 200], ["pace",300]] as const) {
  late = [];
  const want = told + n;
  for (let i = 0; i < n; i++) { await s[0].post(stamped()); if (mode === "pace") await wait(15); else while (told < want - n + i + 1) await new Promise(setImmediate); }
  while (told < want) await wait(5);
  console.log(mode, "p50", median(late).toFixed(2), "p99", percentile(late, 0.99).toFixed(2));
}
for (const x of s) await x.stop();
