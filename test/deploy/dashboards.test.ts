// Every name in deploy/monitoring/ that stands for a field, a topic or a metric, against what the daemon of today says.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { TOPICS } from "../../host-bridge/mqtt/topics.ts";
import type { NodeAlert, NodeView } from "../../host-bridge/nodes/node.ts";
import { until } from "../host-bridge/daemon-bench.ts";
import { Mosquitto, noMosquitto, Watcher } from "../host-bridge/mqtt/broker-bench.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { freePort } from "../simulator/tcp-station.ts";
import { Influx } from "./influx.ts";
import { type Dashboard, filledIn, influxQueries, promQueries, strangeMetrics, strangeNames } from "./panels.ts";
import { has } from "./proxy.ts";
import { isFor, lineOf, missingPaths, type Published, pointsOf, readInputs } from "./telegraf.ts";
import { startWatched, type Watched } from "./watched.ts";

const TOP = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string): string => readFileSync(join(TOP, "deploy", "monitoring", file), "utf8");

const inputs = readInputs(read("telegraf.conf"));
const dashboards = ["dashboard-mesh.json", "dashboard-server.json"].map((file) => JSON.parse(read(file)) as Dashboard);
const queries = dashboards.flatMap(influxQueries);

const nowS = Math.floor(Date.now() / 1000) - 60;
const node = {
  ...{ node_id: "ab".repeat(32), name: "Hill, north", type: "repeater", lat: 52.5, lon: 13.4, last_seen: nowS },
  ...{ rssi: -91, snr: 7.25, hops: 0, battery_mv: 3912 },
} satisfies NodeView;
const alert = {
  ...{ node_id: node.node_id, state: "silent", last_seen: nowS, silent_for_s: 3600 },
} satisfies NodeAlert;

describe("dashboards", function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  let watched: Watched;
  let broker: Mosquitto | null = null;
  let watcher: Watcher | null = null;
  /** As they are today. */
  let published: Published[];

  before(async () => {
    const port = await freePort();
    if (noMosquitto === "") {
      broker = new Mosquitto(join(scratch.dir(), "mosquitto"), port);
      await broker.start();
      watcher = await Watcher.at(port);
    }
    watched = await startWatched(scratch, port);
    published = [
      ...(await watched.messages()).map((payload) => ({ topic: "meshcore/messages/Public", payload })),
      { topic: "meshcore/status", payload: { ...(await watched.status()), online: true } },
      { topic: "meshcore/status", payload: { online: false } },
      { topic: `meshcore/nodes/${node.node_id}`, payload: { ...node } },
      { topic: `meshcore/nodes/${node.node_id}`, payload: { ...node, name: "", rssi: null, battery_mv: null } },
      { topic: `meshcore/alerts/${node.node_id}`, payload: { ...alert } },
    ];
  });

  after(async () => {
    await watcher?.leave();
    await watched?.stop();
    await broker?.stop();
    scratch.clean();
  });

  const points = () =>
    inputs.flatMap((input) =>
      published.filter(({ topic }) => isFor(input, topic)).flatMap((one) => pointsOf(input, one)),
    );
  const columns = (): Map<string, Set<string>> => {
    const found = new Map<string, Set<string>>();
    for (const { measurement, tags, fields } of points()) {
      const names = found.get(measurement) ?? new Set();
      for (const name of [...Object.keys(tags), ...Object.keys(fields)]) names.add(name);
      found.set(measurement, names);
    }
    return found;
  };

  it("are about payloads with the fields that the broker gets", async function () {
    if (watcher === null) {
      this.test!.title += noMosquitto;
      return this.skip();
    }
    const seen = watcher;
    await until("a message, a status and a node", () => {
      return (
        seen.seen.some(({ topic, text }) => topic.includes("/nodes/") && text !== "") &&
        seen.on("meshcore/messages/Public").length > 0 &&
        seen.on("meshcore/status").some(({ name }) => name)
      );
    });
    const real = seen.seen
      .filter(({ text }) => text !== "")
      .map(({ topic, text }) => ({ topic, payload: JSON.parse(text) }));
    for (const { topic, payload } of real as Published[]) {
      const kind = topic.split("/")[1];
      const known = published.filter((one) => one.topic.split("/")[1] === kind);
      const isKnown = Object.keys(payload).every(
        (key) => known.some((one) => key in one.payload) || key === "receptions",
      );
      assert.ok(isKnown, `${topic}: ${JSON.stringify(payload)}`);
      for (const input of inputs) if (isFor(input, topic)) pointsOf(input, { topic, payload });
    }
    for (const kind of ["messages", "status", "nodes"]) {
      const ofKind = (real as Published[]).filter(({ topic }) => topic.split("/")[1] === kind);
      const about = inputs.filter((input) => isFor(input, ofKind[0].topic));
      assert.deepEqual(
        about.flatMap((input) => missingPaths(input, ofKind)).filter((each) => !each.includes("peers")),
        [],
      );
    }
  });

  it("are about nodes and alerts as docs/schemas has them", () => {
    for (const [file, payload] of Object.entries({ "node.json": node, "alert.json": alert })) {
      const schema = JSON.parse(readFileSync(join(TOP, "docs", "schemas", file), "utf8")) as { properties: object };
      assert.deepEqual(Object.keys(payload).sort(), Object.keys(schema.properties).sort(), file);
    }
  });

  it("find every path of telegraf.conf in them", () => {
    assert.deepEqual(
      inputs.flatMap((input) => missingPaths(input, published)),
      [],
    );
    for (const { data_format: format } of inputs) assert.equal(format, "json_v2");
    assert.equal(
      new Set(inputs.map(({ client_id: id }) => id)).size,
      inputs.length,
      "each input is a client of its own",
    );
  });

  it("would not, were any of these fields called otherwise", () => {
    const paths = inputs.flatMap(({ json_v2 }) =>
      json_v2.flatMap(({ tag = [], field = [], object = [] }) => [
        ...[...tag, ...field].map(({ path }) => path),
        ...object.flatMap(({ path, tags = [], included_keys: keys = [] }) => [...path.split("."), ...tags, ...keys]),
      ]),
    );
    assert.ok(paths.length > 40);
    for (const path of new Set(paths)) {
      const renamed = published.map(({ topic, payload }) => ({
        topic,
        payload: rename(payload, path) as typeof payload,
      }));
      assert.ok(
        inputs.some((input) => missingPaths(input, renamed).length > 0),
        path,
      );
    }
  });

  it("ask InfluxDB for measurements, fields and tags that Telegraf writes, and show columns that are asked for", () => {
    assert.ok(queries.length > 10);
    for (const { panel, query, tags, columns: shown } of queries) {
      assert.deepEqual(strangeNames(query, columns()), [], panel);
      for (const name of [...tags, ...shown]) assert.ok(query.includes(`"${name}"`), `${panel}: ${name}`);
    }
    assert.deepEqual(strangeNames('SELECT last("rsi") FROM "meshcore_node"', columns()), ["rsi"]);
    assert.deepEqual(strangeNames('SELECT last("rssi") FROM "meshcore_nodes"', columns()), ["meshcore_nodes"]);
  });

  it("ask Prometheus for metrics and labels that the daemon serves, as the alerts do", async () => {
    const served = await watched.metrics();
    const alerts = [...read("alerts.yml").matchAll(/alert: (\w+)\n\s+expr: (.*)/g)].map(([, where, expr]) => {
      return { where, expr, shown: [] };
    });
    const all = [...dashboards.flatMap(promQueries), ...alerts];
    assert.ok(all.length > 40 && alerts.length > 10);
    for (const query of all) assert.deepEqual(strangeMetrics(query, served), [], query.where);
    const renamed = { where: "", expr: "sum by (boards) (meshcore_board_is_connected)", shown: ["boards"] };
    assert.deepEqual(strangeMetrics(renamed, served), ["meshcore_board_is_connected"]);
    const other = { where: "", expr: "sum by (boards) (meshcore_board_connected)", shown: [] };
    assert.deepEqual(strangeMetrics(other, served), ["boards"]);
  });

  it("are laid out without gaps or overlaps, each panel on a source that is provisioned", () => {
    const sources = [...read("grafana-datasources.yaml").matchAll(/^ {4}uid: (.*)$/gm)].map(([, uid]) => uid);
    for (const { title, panels } of dashboards) {
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, title);
      const taken = new Set<string>();
      for (const panel of panels) {
        const { x, y, w, h } = panel.gridPos;
        assert.ok(x + w <= 24, panel.title);
        for (const { datasource } of [panel, ...panel.targets])
          assert.ok(sources.includes(datasource.uid), panel.title);
        for (let i = 0; i < w * h; i++) {
          const cell = `${x + (i % w)} ${y + Math.floor(i / w)}`;
          assert.ok(!taken.has(cell), `${panel.title} lies over another panel`);
          taken.add(cell);
        }
      }
    }
  });

  it("and the Node-RED flow reads topics that there are, and fields of them", () => {
    const flow = JSON.parse(read("node-red.json")) as FlowNode[];
    const byId = new Map(flow.map((each) => [each.id, each]));
    const sources = flow.filter(({ type }) => type === "mqtt in");
    assert.equal(sources.length, 3);
    for (const source of sources) {
      const payloads = published.filter(({ topic }) => isFor({ topics: [source.topic ?? ""] }, topic));
      assert.ok(payloads.length > 0, source.topic);
      const waiting = [source];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        // What a function makes is of its own form.
        if (next.type === "mqtt out") continue;
        const text = [next.property, next.template].join(" ");
        const destructured = /const \{ ([\w, ]+) \} = msg\.payload/.exec(next.func ?? "")?.[1].split(", ") ?? [];
        const fields = [...text.matchAll(/\bpayload\.(\w+)/g)].map(([, field]) => field);
        for (const field of [...fields, ...destructured])
          assert.ok(
            payloads.some(({ payload }) => field in payload),
            `${next.name}: ${field}`,
          );
        for (const id of next.wires.flat()) waiting.push(byId.get(id) ?? assert.fail(`no node ${id}`));
      }
    }
    const post = flow.find(({ type }) => type === "function")?.func ?? "";
    const [before, after] = TOPICS.post.form.split("{room}");
    assert.ok(post.includes(`\`meshcore/${before}$`) && post.includes(`}${after}\``), post);
  });

  it("and the examples for Home Assistant in docs/monitoring.md read topics that there are, and fields of them", () => {
    const text = readFileSync(join(TOP, "docs", "monitoring.md"), "utf8");
    const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].flatMap(([, yaml]) => parse(yaml) as object);
    const found = blocks.flatMap((block) => [...eachTopic(block)]);
    assert.ok(found.length >= 4);
    for (const { topic, around } of found) {
      const payloads = published.filter((one) => isFor({ topics: [topic.replace("NODE_ID", "+")] }, one.topic));
      const fields = [...around.matchAll(/\b(?:value|payload)_json\.(\w+)/g)].map(([, field]) => field);
      assert.ok(payloads.length > 0 && fields.length > 0, topic);
      for (const field of fields)
        assert.ok(
          payloads.some(({ payload }) => field in payload),
          `${topic}: ${field}`,
        );
    }
  });

  it("and the compose file mounts files that are there", () => {
    const mounted = [...read("compose.yaml").matchAll(/- \.\/([\w.-]+):/g)].map(([, file]) => file);
    assert.ok(mounted.length >= 8);
    for (const file of mounted) assert.ok(existsSync(join(TOP, "deploy", "monitoring", file)), file);
  });

  describe("in InfluxDB", () => {
    let influx: Influx | null = null;

    before(async function () {
      if (!has("influxd", "version")) {
        this.test!.parent!.title += " (influxd not found)";
        return this.skip();
      }
      influx = await Influx.start(scratch.dir());
      const lines = points().filter(({ fields }) => Object.keys(fields).length > 0);
      await influx.write(lines.map((point, i) => lineOf(point, Date.now() - i)));
    });

    after(async () => influx?.stop());

    it("every query of the dashboards finds what was published", async () => {
      for (const { panel, query, columns: shown } of queries) {
        const [first] = (await influx?.query(filledIn(query))) ?? [];
        assert.ok(first !== undefined && first.values.length > 0, `${panel}: ${query}`);
        for (const name of shown) assert.ok(first.columns.includes(name) || name in (first.tags ?? {}), name);
      }
    });

    it("counts a message once that the broker delivered twice", async () => {
      const messages = points().filter(({ measurement }) => measurement === "meshcore_message");
      await influx?.write(messages.map((point, i) => lineOf(point, Date.now() - 1000 - i)));
      const query = queries.find(({ panel }) => panel.endsWith("Messages by room")) ?? assert.fail();
      const series = (await influx?.query(filledIn(query.query).replace("time(1m), ", ""))) ?? [];
      assert.equal(series[0].values[0][1], (await watched.messages()).length);
    });
  });
});

interface FlowNode {
  id: string;
  type: string;
  name: string;
  topic?: string;
  property?: string;
  template?: string;
  func?: string;
  wires: string[][];
}

/** The topics of a Home Assistant configuration, and what stands beside each of them. */
function* eachTopic(block: object, around = block): Generator<{ topic: string; around: string }> {
  for (const [key, value] of Object.entries(block)) {
    // An automation's actions are beside its triggers.
    if (/topic$/.test(key)) yield { topic: String(value), around: JSON.stringify(around) };
    else if (typeof value === "object" && value !== null)
      yield* eachTopic(value, "triggers" in around ? around : value);
  }
}

/** The same with the last key of the path called otherwise, wherever it is. */
function rename(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return value.map((each) => rename(each, path));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key === path ? `${key}_now` : key, rename(inner, path)]),
  );
}
