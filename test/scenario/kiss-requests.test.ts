import assert from "node:assert/strict";
import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { ERROR, OK, REQUEST, type RequestName } from "./kiss-host.ts";
import { KissScene } from "./kiss-scene.ts";

const KEY = "c0db".repeat(16);

/** AES-128 in single blocks with zero padding under the first half of the key, MAC by the whole key. */
function sealed(keyHex: string, plain: Buffer): string {
  const key = Buffer.from(keyHex, "hex");
  const cipher = createCipheriv("aes-128-ecb", key.subarray(0, 16), null).setAutoPadding(false);
  const padded = Buffer.concat([plain, Buffer.alloc((16 - (plain.length % 16)) % 16)]);
  const text = Buffer.concat([cipher.update(padded), cipher.final()]);
  return createHmac("sha256", key).update(text).digest("hex").slice(0, 4) + text.toString("hex");
}

function little(value: number, bytes: number): string {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer.toString("hex");
}

describe("KISS modem: requests", () => {
  let scene: KissScene;
  beforeEach(() => {
    scene = new KissScene();
  });
  afterEach(() => scene.stop());

  /** Bytes that each must have behind its number. */
  const LEAST: [RequestName, number][] = [
    ["GetRandom", 1],
    ["VerifySignature", 97],
    ["SignData", 1],
    ["EncryptData", 33],
    ["DecryptData", 35],
    ["KeyExchange", 32],
    ["Hash", 1],
    ["SetRadio", 10],
    ["SetTxPower", 1],
    ["GetAirtime", 1],
    ["GetSensors", 1],
    ["SetSignalReport", 1],
  ];
  for (const [name, least] of LEAST)
    it(`${name} needs ${least} bytes: less is InvalidLength, that many are not`, () => {
      assert.equal(scene.answer(name, "01".repeat(least - 1)), ERROR.InvalidLength);
      assert.notEqual(scene.answer(name, "01".repeat(least)), ERROR.InvalidLength);
    });

  it("every request of the document has exactly one answer, and no other number has", () => {
    for (const name of Object.keys(REQUEST) as RequestName[])
      if (name !== "Reboot") assert.notEqual(scene.answer(name, "02".repeat(100)), ERROR.UnknownCmd, name);
    for (const number of [0, 0x1b, 0x1c, 0x80, 0x97, 0xc0, 0xdb, 0xf0, 0xff])
      assert.equal(scene.answer(number), ERROR.UnknownCmd);
  });

  it("GetRandom gives 1 to 64 bytes, never the same", () => {
    assert.equal(scene.answer("GetRandom", "00"), ERROR.InvalidParam);
    assert.equal(scene.answer("GetRandom", "41"), ERROR.InvalidParam);
    const found = new Set<string>();
    for (const count of [1, 31, 32, 33, 63, 64, 64, 64]) {
      const answer = scene.answer("GetRandom", little(count, 1));
      assert.equal(answer.slice(0, 2), "82");
      assert.equal(answer.length, 2 + 2 * count);
      found.add(answer);
    }
    assert.equal(found.size, 8);
  });

  it("GetRandom while it transmits is busy: there is no noise to hear", () => {
    scene.run(`say test ${"hello ".repeat(20)}`);
    scene.world.clock.advance(100);
    assert.equal(scene.answer("GetRandom", "10"), ERROR.TxBusy);
    assert.equal(scene.answer("GetCurrentRssi"), ERROR.TxBusy);
    assert.equal(scene.answer("IsChannelBusy"), "8e01");
    scene.world.wait();
    assert.match(scene.answer("GetRandom", "10"), /^82/);
    assert.equal(scene.answer("IsChannelBusy"), "8e00");
  });

  it("EncryptData and DecryptData are MeshCore's, for every length up to the longest frame", () => {
    for (const length of [1, 15, 16, 17, 32, 47, 64, 255, 477]) {
      const plain = randomBytes(length);
      const expected = sealed(KEY, plain);
      assert.equal(scene.answer("EncryptData", KEY + plain.toString("hex")), `85${expected}`, `${length} bytes`);
      if (length > 470) continue;
      const padded = plain.toString("hex").padEnd(Math.ceil(length / 16) * 32, "0");
      assert.equal(scene.answer("DecryptData", KEY + expected), `86${padded}`);
    }
  });

  it("DecryptData refuses a wrong MAC, a wrong key, and what is no whole block", () => {
    const whole = sealed(KEY, Buffer.from("attack at dawn"));
    assert.equal(scene.answer("DecryptData", `${KEY}0000${whole.slice(4)}`), ERROR.MacFailed);
    assert.equal(scene.answer("DecryptData", "11".repeat(32) + whole), ERROR.MacFailed);
    assert.equal(scene.answer("DecryptData", KEY + whole.slice(0, -2)), ERROR.MacFailed);
    const part = createHmac("sha256", Buffer.from(KEY, "hex")).update(Buffer.alloc(15)).digest("hex").slice(0, 4);
    assert.equal(scene.answer("DecryptData", KEY + part + "00".repeat(15)), ERROR.InvalidParam);
  });

  it("Hash is SHA-256", () => {
    for (const length of [1, 55, 56, 64, 510]) {
      const data = randomBytes(length);
      assert.equal(
        scene.answer("Hash", data.toString("hex")),
        `88${createHash("sha256").update(data).digest("hex")}`,
        `${length} bytes`,
      );
    }
  });

  it("GetRadio tells what SetRadio and the console have set", () => {
    assert.equal(scene.answer("GetRadio"), `8b${little(869618000, 4)}${little(62500, 4)}0808`);
    assert.equal(scene.answer("SetRadio", `${little(910525000, 4)}${little(250000, 4)}0b05`), OK);
    scene.world.wait(200);
    assert.match(scene.run("get radio"), /> 910\.525\d*,250,11,5$/);
    assert.equal(scene.answer("GetRadio"), `8b${little(910525000, 4)}${little(250000, 4)}0b05`);
    scene.run("set radio 869.618,62.5,8,8");
    scene.world.wait(200);
    assert.equal(scene.answer("GetRadio"), `8b${little(869618000, 4)}${little(62500, 4)}0808`);
  });

  const RADIO: [string, number, number, number, number, boolean][] = [
    ["149.999999 MHz", 149999999, 62500, 8, 8, false],
    ["150 MHz", 150000000, 62500, 8, 8, true],
    ["960 MHz", 960000000, 62500, 8, 8, true],
    ["960.000001 MHz", 960000001, 62500, 8, 8, false],
    ["0 Hz", 0, 62500, 8, 8, false],
    ["4294 MHz", 0xffffffff, 62500, 8, 8, false],
    ["62.499 kHz", 869618000, 62499, 8, 8, false],
    ["500 kHz", 869618000, 500000, 8, 8, true],
    ["SF4", 869618000, 62500, 4, 8, false],
    ["SF5", 869618000, 62500, 5, 8, true],
    ["SF12", 869618000, 62500, 12, 8, true],
    ["SF13", 869618000, 62500, 13, 8, false],
    ["4/4", 869618000, 62500, 8, 4, false],
    ["4/5", 869618000, 62500, 8, 5, true],
    ["4/8", 869618000, 62500, 8, 8, true],
    ["4/9", 869618000, 62500, 8, 9, false],
  ];
  for (const [what, freq, bw, sf, cr, possible] of RADIO)
    it(`SetRadio with ${what} is ${possible ? "done" : "InvalidParam and changes nothing"}`, () => {
      const wanted = little(freq, 4) + little(bw, 4) + little(sf, 1) + little(cr, 1);
      const before = scene.answer("GetRadio");
      assert.equal(scene.answer("SetRadio", wanted), possible ? OK : ERROR.InvalidParam);
      scene.world.wait(200);
      assert.equal(scene.answer("GetRadio"), possible ? `8b${wanted}` : before);
    });

  it("SetTxPower takes -9 to 22 dBm, signed", () => {
    for (const [byte, possible] of [
      [246, false],
      [247, true],
      [0, true],
      [22, true],
      [23, false],
      [128, false],
    ] as const) {
      const before = scene.answer("GetTxPower");
      assert.equal(scene.answer("SetTxPower", little(byte, 1)), possible ? OK : ERROR.InvalidParam, `${byte}`);
      scene.world.wait(200);
      assert.equal(scene.answer("GetTxPower"), possible ? `8c${little(byte, 1)}` : before);
    }
    assert.equal(scene.run("get tx"), "  -> > 22");
  });

  it("GetAirtime is the time on air of a packet, in whole ms", () => {
    // SF8, 62.5 kHz, 4/8: 4.096 ms a symbol, 32 of preamble.
    const airtime = (length: number): number => {
      const symbols = 32 + 4.25 + 8 + Math.ceil(Math.max(8 * length + 44 - 32, 0) / 32) * 8;
      return Math.floor(symbols * 4.096);
    };
    for (const length of [0, 1, 2, 50, 184, 255])
      assert.equal(scene.answer("GetAirtime", little(length, 1)), `8f${little(airtime(length), 4)}`, `${length} bytes`);
  });

  it("GetNoiseFloor and GetCurrentRssi are what the channel sounds like", () => {
    scene.world.wait(10_000);
    const floor = Buffer.from(scene.answer("GetNoiseFloor"), "hex");
    assert.equal(floor[0], 0x90);
    assert.equal(floor.length, 3);
    assert.ok(floor.readInt16LE(1) <= -100 && floor.readInt16LE(1) >= -120, `${floor.readInt16LE(1)} dBm`);
    const rssi = Buffer.from(scene.answer("GetCurrentRssi"), "hex");
    assert.equal(rssi[0], 0x8d);
    assert.equal(rssi.length, 2);
    assert.ok(rssi.readInt8(1) <= -95, `${rssi.readInt8(1)} dBm`);
  });

  it("IsChannelBusy is 1 while somebody speaks", () => {
    assert.equal(scene.answer("IsChannelBusy"), "8e00");
    scene.station.send(scene.nextFrame().hex);
    scene.world.clock.advance(200);
    assert.equal(scene.answer("IsChannelBusy"), "8e01");
    scene.world.wait();
    assert.equal(scene.answer("IsChannelBusy"), "8e00");
  });

  it("GetVersion, GetDeviceName and Ping", () => {
    assert.equal(scene.answer("GetVersion"), "910100");
    assert.equal(scene.answer("GetDeviceName"), `96${Buffer.from("sim").toString("hex")}`);
    assert.equal(scene.answer("Ping"), "97");
  });

  it("GetStats counts packets received, sent, and broken ones", () => {
    const stats = () => {
      const answer = Buffer.from(scene.answer("GetStats"), "hex");
      assert.deepEqual([answer[0], answer.length], [0x92, 13]);
      return [answer.readUInt32LE(1), answer.readUInt32LE(5), answer.readUInt32LE(9)];
    };
    assert.deepEqual(stats(), [0, 0, 0]);
    scene.hear(scene.nextFrame().hex);
    scene.hear("ff");
    scene.run("say test hello");
    scene.world.wait();
    assert.deepEqual(stats(), [2, 1, 0]);
    scene.board.chip.airStart();
    scene.board.chip.airHeader(true);
    scene.board.chip.airEnd(Uint8Array.of(1, 2, 3), -90, 3, false);
    scene.world.wait(100);
    assert.deepEqual(stats(), [2, 1, 1]);
  });

  it("GetBattery is in millivolts, and GetSensors has it in hundredths of a volt", () => {
    const battery = Buffer.from(scene.answer("GetBattery"), "hex");
    assert.deepEqual([battery[0], battery.length], [0x93, 3]);
    const millivolts = battery.readUInt16LE(1);
    const sensors = Buffer.from(scene.answer("GetSensors", "01"), "hex");
    if (millivolts === 0) assert.equal(sensors.toString("hex"), "95");
    else
      assert.deepEqual(
        [...sensors],
        [0x95, 1, 116, Math.floor(millivolts / 10) >> 8, Math.floor(millivolts / 10) & 255],
      );
    assert.equal(scene.answer("GetSensors", "00"), "95");
    assert.equal(scene.answer("GetSensors", "04"), "95");
  });

  it("GetMCUTemp is in tenths of a degree where the engine has a thermometer", () => {
    assert.equal(scene.answer("GetMCUTemp"), ERROR.NoCallback);
    const { E } = scene.board.globals as { E: { getTemperature?: () => number } };
    E.getTemperature = () => 25.25;
    assert.equal(scene.answer("GetMCUTemp"), `94${little(252, 2)}`);
    E.getTemperature = () => -10.5;
    assert.equal(scene.answer("GetMCUTemp"), `94${little(65536 - 105, 2)}`);
    E.getTemperature = () => Number.NaN;
    assert.equal(scene.answer("GetMCUTemp"), ERROR.NoCallback);
  });

  it("SetSignalReport switches RxMeta off and on, and GetSignalReport tells", () => {
    assert.equal(scene.answer("GetSignalReport"), "9a01");
    assert.equal(scene.answer("SetSignalReport", "00"), "9a00");
    assert.equal(scene.answer("GetSignalReport"), "9a00");
    scene.host.forget();
    scene.hear("ff");
    assert.deepEqual(scene.host.order, ["D"]);
    assert.equal(scene.answer("SetSignalReport", "c0"), "9a01");
    scene.host.forget();
    scene.hear("ff");
    assert.deepEqual(scene.host.order, ["D", "f9"]);
  });

  it("Reboot is answered, then the board starts anew", () => {
    const before = scene.core().uptime_secs;
    scene.world.wait(5000);
    assert.equal(scene.answer("Reboot"), OK);
    scene.world.wait(2000);
    assert.ok(scene.core().uptime_secs < before + 5, "it counts from its start");
    assert.equal(scene.answer("Ping"), "97");
  });

  it("of requests in a burst eight wait, and those that find no place are refused at once", () => {
    const requests = Array.from({ length: 40 }, () => REQUEST.Ping);
    const frames = requests.flatMap((number) => [0xc0, 6, number, 0xc0]);
    scene.host.send(6, [REQUEST.GetVersion]);
    scene.world.clock.advance(100);
    scene.host.forget();
    scene.board.serial.write(Uint8Array.from(frames));
    scene.world.clock.advance(500);
    const { hardware } = scene.host;
    const isRefused = (each: string): boolean => each === ERROR.TxBusy;
    assert.deepEqual([...new Set(hardware)].sort(), ["97", ERROR.TxBusy]);
    assert.equal(hardware.length, requests.length);
    const answeredThen = hardware.length - 1 - hardware.findLastIndex(isRefused);
    assert.ok(answeredThen >= 8, `${answeredThen} answers behind the last refusal`);
  });
});
