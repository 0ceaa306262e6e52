import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../simulator/tcp-station.ts";
import { command, start } from "../cli/start.ts";
import { until } from "../daemon-bench.ts";
import { Scratch } from "../scratch.ts";
import { type NatsServer, natsCluster, noNats } from "./nats-bench.ts";

const PASSWORD = "seven slow barges 93";

describe(`a daemon with a backbone${noNats}`, function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  let nats: NatsServer[] = [];

  before(function () {
    if (noNats !== "") this.skip();
  });

  afterEach(async () => {
    for (const one of nats) await one.kill();
    scratch.clean();
  });

  it("shows what it is about, takes another password and no backbone at all by a reload, and tells no password", async () => {
    nats = await natsCluster(scratch.dir(), 1, `authorization { user: bridge, password: "${PASSWORD}" }`);
    nats[0].start();
    const folder = scratch.dir();
    const [file, secret] = [join(folder, "a.yaml"), join(folder, "nats.password")];
    const port = await freePort();
    const configure = (backbone: string) =>
      writeFileSync(
        file,
        `data_dir: ${join(folder, "data")}
listen: 127.0.0.1:0
federation:
  federation_port: ${port}
  federation_secret: "eight grey geese on ice"
  blind_hub: {}
${backbone}
`,
        { mode: 0o600 },
      );
    const backbone = `  backbone: "nats://127.0.0.1:${nats[0].port}"
  backbone_user: bridge
  backbone_replicas: 1
  backbone_password_file: ${secret}`;
    writeFileSync(secret, `wrong ${PASSWORD}`, { mode: 0o600 });
    configure(backbone);

    const daemon = start(["run", "--config", file]);
    await daemon.until(
      "out",
      "Federation backbone disconnected (the NATS servers do not accept who we say we are), retry",
    );
    await until("the page is there", () => /http:\/\/[\d.]+:\d+/.test(daemon.shown()));
    const url = /http:\/\/[\d.]+:\d+/.exec(daemon.shown())?.[0] ?? "";
    const status = async () =>
      JSON.stringify(((await (await fetch(`${url}/status`)).json()) as { federation: object }).federation);
    assert.match(await status(), /"connected":false,.*"error":"backbone_refused"/);
    const away = await command(["peers", "--url", url]);
    assert.match(away.err, /not connected \(backbone_refused: docs\/operate\.md says what to do\)/);
    const doctor = await command(["doctor", "--config", file]);
    assert.match(doctor.out, /federation\.backbone.*do not accept who we say we are/);

    writeFileSync(secret, PASSWORD, { mode: 0o600 });
    daemon.hangup();
    await daemon.until("out", `Federation backbone connected (127.0.0.1:${nats[0].port}, stream "meshcore"`);
    await daemon.until("out", "configuration reloaded: backbone");
    assert.match(await status(), /"stream":"meshcore","connected":true,.*"behind":0,.*"error":null/);
    const there = await command(["peers", "--url", url]);
    assert.match(there.err, /Backbone {2}nats:\/\/127\.0\.0\.1:\d+ connected \(127\.0\.0\.1:\d+\), 0 behind/);
    assert.match(await (await fetch(`${url}/metrics`)).text(), /backbone_connected 1/);
    assert.match((await command(["doctor", "--config", file])).out, /a NATS server answers, and has JetStream/);

    configure("");
    daemon.hangup();
    await daemon.until("out", "Federation backbone removed: this hub is by itself");
    const all = [await status(), daemon.shown(), away.out, away.err, there.err, doctor.out, doctor.err];
    assert.doesNotMatch(all[0], /backbone/);
    daemon.interrupt();
    assert.equal((await daemon.done).code, 0);
    assert.doesNotMatch([...all, daemon.shown()].join("\n"), /seven slow/);
  });
});
