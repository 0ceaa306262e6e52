import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { type OpenEther, type OpenEtherOptions, openEther, parseEtherAddress } from "../../simulator/open-ether.ts";
import { EU, EU_RADIO, frame, Listener } from "./stations.ts";
import { freePort, TcpStation } from "./tcp-station.ts";

async function until(claim: () => boolean): Promise<void> {
  while (!claim()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("open ether", () => {
  const open: OpenEther[] = [];
  const logged: string[] = [];
  const start = (options: Partial<OpenEtherOptions>) => {
    const ether = openEther({
      radio: EU,
      speed: 0,
      patienceMs: 50,
      log: (level, message) => logged.push(`${level} ${message}`),
      ...options,
    });
    open.push(ether);
    return ether;
  };

  afterEach(async () => {
    logged.splice(0);
    for (const ether of open.splice(0)) await ether.close();
  });

  it("is one of the process's own without an address", async () => {
    const air = start({});
    await air.ready();
    assert.deepEqual([air.state, air.port], ["own", undefined]);
    const [a, b] = [new Listener(air), new Listener(air)];
    a.seat.transmit(frame(7));
    await until(() => b.frames.length === 1);
    assert.deepEqual(b.hex, ["07".repeat(50)]);
  });

  it("is hosted by the first and joined by the second, and both share it", async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const first = start({ address });
    await first.ready();
    const second = start({ address, speed: 1 });
    await second.ready();
    assert.deepEqual([first.state, second.state], ["hosting", "joined"]);
    assert.equal(second.speed, 0, "the host's speed");
    assert.deepEqual(logged, [`info hosting the ether at ${address}`, `info joined the ether at ${address}`]);

    const here = new Listener(first, { chip: true });
    const there = new Listener(second, { chip: true });
    const plain = await TcpStation.join(first.port ?? 0);
    here.seat.listen(EU_RADIO);
    there.seat.listen(EU_RADIO);
    await plain.flush();
    await new Promise((resolve) => setTimeout(resolve, 30));
    plain.say({ tx: "0a0b" });
    await until(() => here.frames.length === 1 && there.frames.length === 1);
    assert.deepEqual(there.events.slice(0, 4), ["signal", "preamble", "header", "heard 0a0b"]);

    there.seat.listen(null);
    there.seat.transmit(frame(3, 5), EU_RADIO, 100);
    await until(() => there.events.includes("sent"));
    assert.deepEqual(here.hex.at(-1), "0303030303");
    await until(() => plain.heard.length === 1);
    assert.deepEqual(plain.heard, ["0303030303"]);
    plain.close();
  });

  it("moves its seats to a new ether when the one it joined goes away, and ends what was being sent", async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const first = start({ address, speed: 1 });
    await first.ready();
    const second = start({ address, speed: 0 });
    await second.ready();
    const chip = new Listener(second, { chip: true });
    const other = new Listener(second);
    chip.seat.listen(EU_RADIO);
    await until(() => second.state === "joined");
    await new Promise((resolve) => setTimeout(resolve, 30));
    chip.seat.listen(null);
    chip.seat.transmit(frame(1), EU_RADIO, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await first.close();
    await until(() => chip.events.includes("sent"));
    await until(() => second.state === "hosting");
    assert.equal(second.speed, 0);
    assert.match(logged.join("\n"), /warn lost the ether at .* looking for it\ninfo hosting/);
    chip.seat.listen(EU_RADIO);
    other.seat.transmit(frame(2));
    await until(() => chip.frames.length === 1);
  });

  it("joins whoever was quicker when two start at the same moment", async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const both = [start({ address, patienceMs: 0 }), start({ address, patienceMs: 0 })];
    await Promise.all(both.map((each) => each.ready()));
    assert.deepEqual(both.map((each) => each.state).sort(), ["hosting", "joined"]);
  });

  it("says once what is wrong when something else listens there, and keeps trying", async () => {
    const web = createServer((socket: Socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
    await once(web, "listening");
    const { port } = web.address() as AddressInfo;
    const air = start({ address: `127.0.0.1:${port}` });
    await until(() => logged.length > 0);
    assert.deepEqual(logged, [`warn no ether at 127.0.0.1:${port}: it does not answer as an ether does; trying on`]);
    assert.equal(air.state, "searching");
    const seat = new Listener(air, { chip: true });
    seat.seat.transmit(frame(1), EU_RADIO, 10);
    await until(() => seat.events.includes("sent"));
    web.close();
  });

  it("refuses an address or a speed that cannot be", () => {
    for (const address of ["7300", "localhost", "a:b", "127.0.0.1:70000", ":7300", ""])
      if (address) assert.throws(() => start({ address }), /host:port, for example 127\.0\.0\.1:7300/, address);
    assert.throws(() => start({ speed: -1 }), /speed is 0 or more, got -1/);
    assert.throws(() => start({ speed: Number.NaN }), /speed is 0 or more/);
    assert.deepEqual(parseEtherAddress("[::1]:7300"), { host: "::1", port: 7300 });
    assert.deepEqual(parseEtherAddress("localhost:7300"), { host: "localhost", port: 7300 });
  });
});
