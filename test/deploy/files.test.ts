// What an operator copies: checked by parsing it, where it cannot be run.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { BOARDS } from "../../boards/all.ts";

const TOP = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(TOP, "deploy", path), "utf8");

describe("60-meshcore-room.rules", () => {
  it("has a line for each USB id of boards/, named for its boards, and no other", () => {
    const found = [
      ...read("60-meshcore-room.rules").matchAll(
        /^# (.*)\nATTRS\{idVendor\}=="(.*?)", ATTRS\{idProduct\}=="(.*?)", (.*)$/gm,
      ),
    ];
    const ids = [...new Set(BOARDS.flatMap((board) => board.usbIds))].sort();
    const named = ids.map((id) => {
      const boards = BOARDS.filter((board) => board.usbIds.includes(id)).map((board) => board.id);
      return `${id} ${boards.sort().join(", ")}`;
    });
    assert.deepEqual(
      found.map(([, boards, vendor, product]) => `${vendor}:${product} ${boards.split(", ").sort().join(", ")}`),
      named,
    );
    for (const [, , , , rest] of found)
      assert.equal(rest, 'GROUP="dialout", MODE="0660", ENV{ID_MM_DEVICE_IGNORE}="1"');
  });
});

describe("sysusers.conf", () => {
  it("makes the user that the unit names, in the group of the serial ports", () => {
    const unit = read("meshcore-room.service");
    const user = /^User=(.*)$/m.exec(unit)?.[1];
    const group = /^SupplementaryGroups=(.*)$/m.exec(unit)?.[1];
    assert.match(read("sysusers.conf"), new RegExp(`^u ${user} - .*\\nm ${user} ${group}$`, "m"));
  });
});

describe("Dockerfile", () => {
  const INSTRUCTIONS = [
    "FROM",
    "WORKDIR",
    "COPY",
    "RUN",
    "ENV",
    "USER",
    "EXPOSE",
    "VOLUME",
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
    "LABEL",
  ];
  const lines = read("Dockerfile")
    .replace(/^#.*\n/gm, "")
    .replace(/\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => /^(\S+)\s+(.*)$/.exec(line) ?? assert.fail(line))
    .map(([, name, rest]) => ({ name, rest }));
  const last = lines.slice(lines.findLastIndex(({ name }) => name === "FROM"));
  const of = (name: string): string => last.find((line) => line.name === name)?.rest ?? assert.fail(`no ${name}`);

  it("is made of instructions that there are", () => {
    for (const { name } of lines) assert.ok(INSTRUCTIONS.includes(name), name);
  });

  it("runs on node:22-slim, as a user that is not root", () => {
    assert.equal(last[0].rest, "node:22-slim");
    assert.equal(of("USER"), "node");
  });

  it("keeps its data in a volume that belongs to that user", () => {
    assert.deepEqual(JSON.parse(of("VOLUME")), ["/var/lib/meshcore-room"]);
    assert.match(of("ENV"), /STATE_DIRECTORY=\/var\/lib\/meshcore-room/);
    assert.ok(last.some(({ name, rest }) => name === "RUN" && /-o node .*\/var\/lib\/meshcore-room/.test(rest)));
  });

  it("starts node itself, so that signals reach the daemon", () => {
    const [program, script] = JSON.parse(of("ENTRYPOINT")) as string[];
    assert.equal(program, "node");
    assert.equal(script, "/opt/meshcore-room/host-bridge/meshcore-room.mjs");
    assert.deepEqual(JSON.parse(of("CMD")), ["run"]);
  });

  it("asks /healthz for its health, with a program that parses", () => {
    const command = JSON.parse(of("HEALTHCHECK").replace(/^(--\S+ )*CMD /, "")) as string[];
    assert.deepEqual(command.slice(0, 2), ["node", "-e"]);
    assert.match(command[2], /\/healthz/);
    assert.doesNotThrow(() => new Function(command[2]));
  });

  it("copies only what is there", () => {
    for (const { name, rest } of lines) {
      if (name !== "COPY" || rest.includes("--from=")) continue;
      for (const path of rest.split(" ").slice(0, -1)) assert.ok(existsSync(join(TOP, path)), path);
    }
  });

  it("leaves out what a checkout has besides its files", () => {
    const ignored = read("Dockerfile.dockerignore").split("\n");
    for (const path of ["node_modules", "dist", "data", ".git"]) assert.ok(ignored.includes(path), path);
  });
});

describe("compose.yaml", () => {
  const compose = parse(read("compose.yaml"));
  const service = compose.services["meshcore-room"];

  it("builds from the checkout with the Dockerfile", () => {
    assert.ok(existsSync(join(TOP, "deploy", service.build.context, service.build.dockerfile)));
  });

  it("gives it no more than it needs", () => {
    assert.deepEqual(
      [service.read_only, service.cap_drop, service.security_opt],
      [true, ["ALL"], ["no-new-privileges:true"]],
    );
    for (const port of service.ports) assert.match(port, /^127\.0\.0\.1:/);
  });

  it("keeps data in a named volume and mounts the configuration read-only", () => {
    const [configuration, data] = service.volumes as string[];
    assert.match(configuration, /:\/etc\/meshcore:ro$/);
    const [name, path] = data.split(":");
    assert.equal(path, "/var/lib/meshcore-room");
    assert.ok(name in compose.volumes);
  });

  it("passes the board through, to a user in its group", () => {
    assert.deepEqual(service.group_add, ["dialout"]);
    assert.equal(service.devices.length, 1);
  });
});
