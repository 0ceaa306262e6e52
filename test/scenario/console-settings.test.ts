import { ConsoleBench } from "./console-bench.ts";

/** Whole numbers: key, what it is at first, limits, what is said beyond them. */
const WHOLE = [
  ["tx", "22", -9, 22, "Error, must be -9 to 22"],
  ["int.thresh", "0", 0, 255, "Error, must be 0-255"],
  ["multi.acks", "0", 0, 1, "Error, must be 0-1"],
  ["flood.max", "64", 0, 64, "Error, max 64"],
  ["flood.max.unscoped", "64", 0, 64, "Error, max 64"],
  ["flood.max.advert", "8", 0, 64, "Error, max 64"],
  ["path.hash.mode", "0", 0, 2, "Error, must be 0,1, or 2"],
  ["flood.advert.interval", "47", 3, 168, "Error: interval range is 3-168 hours"],
] as const;
const DECIMAL = [
  ["rxdelay", "0.0", 20, "Error, must be 0-20"],
  ["txdelay", "0.5", 2, "Error, must be 0-2"],
  ["direct.txdelay", "0.1999999", 2, "Error, must be 0-2"],
] as const;

describe("console: settings", () => {
  let bench: ConsoleBench;
  beforeEach(() => {
    bench = new ConsoleBench();
  });
  afterEach(() => bench.end());

  for (const [key, first, least, most, error] of WHOLE)
    it(`${key} takes ${least} to ${most}, and nothing else`, () => {
      bench.transcript([
        [`get ${key}`, `> ${first}`],
        [`set ${key} ${most + 1}`, error],
        [`set ${key} ${least - 1}`, error],
        [`set ${key} much`, error],
        [`get ${key}`, `> ${first}`],
        [`set ${key} ${most}`, "OK"],
        [`get ${key}`, `> ${most}`],
        [`set ${key} ${most - 1}`, "OK"],
        [`set ${key} ${least}`, "OK"],
        [`get ${key}`, `> ${least}`],
        [`set ${key}`, `unknown config: ${key}`],
      ]);
    });

  for (const [key, first, most, error] of DECIMAL)
    it(`${key} takes 0 to ${most} with decimals, and shows them as a float of 32 bits`, () => {
      bench.transcript(
        [
          [`get ${key}`, `> ${first}`],
          [`set ${key} ${most}.01`, error],
          [`set ${key} -0.01`, error],
          [`set ${key} x`, error],
          [`set ${key} ${most}`, "OK"],
          [`get ${key}`, `> ${most}.0`],
          [`set ${key} 0`, "OK"],
          [`get ${key}`, "> 0.0"],
          [`set ${key} 1.1`, "OK"],
          [`get ${key}`, "> 1.1000000"],
        ].map(([line, answer]) => [line, answer.replace("1.1000000", "1.1")] as const),
      );
    });

  it("radio and frequency: MeshCore's ranges, at once, in MeshCore's numbers", () => {
    bench.transcript([
      ["get radio", "> 869.6179809,62.5,8,8"],
      ["set radio 910.525,250,11,5", "OK"],
      ["get radio", "> 910.5250244,250,11,5"],
      ["get freq", "> 910.5250244"],
      ["set freq 869.525", "OK"],
      ["get freq", "> 869.5250244"],
      ["set freq 149.9", "Error, invalid radio params"],
      ["set freq 150", "OK"],
      ["get freq", "> 150.0"],
      ["set freq 960", "OK"],
      ["set freq 960.1", "Error, invalid radio params"],
      ["set radio 915.8,250,4,5", "Error, invalid radio params"],
      ["set radio 915.8,250,13,5", "Error, invalid radio params"],
      ["set radio 915.8,250,5,4", "Error, invalid radio params"],
      ["set radio 915.8,250,5,9", "Error, invalid radio params"],
      ["set radio 915.8,7.8,12,8", "OK"],
      ["get radio", "> 915.7999877,7.8,12,8"],
      ["set radio 915.8,500,5,5", "OK"],
      ["get radio", "> 915.7999877,500,5,5"],
    ]);
  });

  it("share of an hour and airtime factor are one", () => {
    bench.transcript([
      ["get dutycycle", "> 10.0%"],
      ["get af", "> 9.0"],
      ["set dutycycle 0.9", "ERROR: dutycycle must be 1-100"],
      ["set dutycycle 101", "ERROR: dutycycle must be 1-100"],
      ["set dutycycle x", "ERROR: dutycycle must be 1-100"],
      ["set dutycycle 100", "OK - 100.0%"],
      ["get af", "> 0.0"],
      ["set dutycycle 1", "OK - 1.0%"],
      ["get af", "> 99.0"],
      ["set dutycycle 50", "OK - 50.0%"],
      ["get af", "> 1.0"],
      ["set af 3", "OK"],
      ["get dutycycle", "> 25.0%"],
      ["set af -1", "Error, must be 0-999"],
      ["set af 0", "OK"],
      ["get dutycycle", "> 100.0%"],
      ["set af 999", "OK"],
      ["get dutycycle", "> 0.1%"],
    ]);
  });

  it("switches", () => {
    bench.transcript([
      ["get cad", "> off"],
      ["set cad on", "OK"],
      ["get cad", "> on"],
      ["set cad off", "OK"],
      ["get cad", "> off"],
      ["get repeat", "> off"],
      ["set repeat on", "OK - repeat is now ON"],
      ["get repeat", "> on"],
      ["set repeat off", "OK - repeat is now OFF"],
      ["get radio.rxgain", /^> (on|off)$/],
      ["set radio.rxgain off", "OK"],
      ["get radio.rxgain", "> off"],
      ["set radio.rxgain on", "OK"],
      ["get radio.rxgain", "> on"],
    ]);
  });

  it("name: 31 bytes, none of [ ] \\ : , ? *", () => {
    const longest = "n".repeat(31);
    bench.transcript([
      ["get name", "> sim"],
      [`set name ${longest}`, "OK"],
      ["get name", `> ${longest}`],
      [`set name ${longest}n`, "Error, at most 31 bytes"],
      ...["[", "]", "\\", ":", ",", "?", "*"].map((bad) => [`set name a${bad}b`, "Error, bad chars"] as const),
      ["set name Алиса 5", "OK"],
      ["get name", "> Алиса 5"],
      ["set name", "unknown config: name"],
    ]);
  });

  it("position, in degrees", () => {
    bench.transcript(
      [
        ["get lat", "> 0.0"],
        ["set lat 52.520008", "OK"],
        ["get lat", "> 52.5200080"],
        ["set lon -13.404954", "OK"],
        ["get lon", "> -13.4049539"],
        ["set lat 90", "OK"],
        ["set lat -90", "OK"],
        ["set lat 90.1", "Error, must be -90 to 90"],
        ["set lat here", "Error, must be -90 to 90"],
        ["set lon 180", "OK"],
        ["set lon -180.1", "Error, must be -180 to 180"],
      ].map(([line, answer]) => [line, answer.replace("52.5200080", "52.520008")] as const),
    );
  });

  it("advert.interval: 0 or 60 to 240 minutes, in steps of two; whatever is set ends a new node's frequent ones", () => {
    bench.transcript([
      ["get advert.interval", "> 2"],
      ["set advert.interval 59", "Error: interval range is 60-240 minutes"],
      ["get advert.interval", "> 2"],
      ["set advert.interval 241", "Error: interval range is 60-240 minutes"],
      ["set advert.interval 60", "OK"],
      ["get advert.interval", "> 60"],
      ["set advert.interval 239", "OK"],
      ["get advert.interval", "> 238"],
      ["set advert.interval 0", "OK"],
      ["get advert.interval", "> 0"],
    ]);
    const other = new ConsoleBench();
    other.transcript([
      ["set lat 1", "OK"],
      ["get advert.interval", "> 0"],
      ["set flood.advert.interval 0", "OK"],
      ["get flood.advert.interval", "> 0"],
    ]);
    other.end();
  });

  it("agc.reset.interval is rounded to 4 seconds", () => {
    bench.transcript([
      ["get agc.reset.interval", "> 0"],
      ["set agc.reset.interval 7", "OK - interval rounded to 4"],
      ["get agc.reset.interval", "> 4"],
      ["set agc.reset.interval 1020", "OK - interval rounded to 1020"],
      ["set agc.reset.interval 1021", "Error, must be 0-1020"],
      ["set agc.reset.interval -1", "Error, must be 0-1020"],
      ["set agc.reset.interval 0", "OK - interval rounded to 0"],
    ]);
  });

  it("loop.detect takes four words", () => {
    bench.transcript([
      ["get loop.detect", "> off"],
      ...["minimal", "moderate", "strict", "off"].flatMap(
        (word) =>
          [
            [`set loop.detect ${word}`, "OK"],
            ["get loop.detect", `> ${word}`],
          ] as const,
      ),
      ["set loop.detect often", "Error, must be: off, minimal, moderate, or strict"],
    ]);
  });

  it("owner.info: 119 bytes, lines end with |", () => {
    const longest = "o".repeat(119);
    bench.transcript([
      ["get owner.info", ">"],
      ["set owner.info Ann|room 5", "OK"],
      ["get owner.info", "> Ann|room 5"],
      [`set owner.info ${longest}`, "OK"],
      ["get owner.info", `> ${longest}`],
      [`set owner.info ${longest}o`, "Error, at most 119 bytes"],
    ]);
  });

  it("adc.multiplier, where there is a battery to measure", () => {
    bench.transcript([
      ["get adc.multiplier", "Error: unsupported"],
      ["set adc.multiplier 2", "Error: unsupported"],
    ]);
    const board = new ConsoleBench("rak4631");
    board.transcript([
      ["get adc.multiplier", /^> \d\.\d{3}$/],
      ["set adc.multiplier 1.5", "OK - multiplier set to 1.500"],
      ["get adc.multiplier", "> 1.500"],
      ["set adc.multiplier 10.1", "Error, must be 0-10"],
      ["set adc.multiplier -1", "Error, must be 0-10"],
      ["set adc.multiplier 0", "OK - using default board multiplier"],
    ]);
    board.end();
  });

  it("what does not change, or does not exist here", () => {
    bench.transcript([
      ["get role", "> room_server"],
      ["get bridge.type", "> none"],
      ["get bootloader.ver", "Error: unsupported"],
      ["get pwrmgt.support", "> unsupported"],
      ["get pwrmgt.source", "ERROR: Power management not supported"],
      ["get pwrmgt.bootmv", "ERROR: Power management not supported"],
      ["get extra.sf", "No extra SF configured"],
      ["get radio.fem.rxgain", "Error: unsupported"],
      ["set radio.fem.rxgain on", "Error: unsupported"],
      ["get radio.fem.txgain", "Error: unsupported"],
      ["set radio.fem.txgain on", "Error: unsupported"],
      ["get guest.password", "Error: nobody logs in over the air here"],
      ["set guest.password x", "Error: nobody logs in over the air here"],
      ["get allow.read.only", "Error: nobody logs in over the air here"],
      ["set allow.read.only on", "Error: nobody logs in over the air here"],
      ["get bridge.enabled", "??: bridge.enabled"],
      ["get radios", "??: radios"],
      ["set radios 1", "unknown config: radios 1"],
      ["get", "Unknown command"],
      ["set", "Unknown command"],
    ]);
  });

  it("a setting outlasts a reboot", () => {
    bench.transcript([
      ["set flood.max 12", "OK"],
      ["set owner.info Ann", "OK"],
    ]);
    bench.world.wait(10_000);
    bench.run("reboot");
    bench.world.wait(5_000);
    bench.transcript([
      ["get flood.max", "> 12"],
      ["get owner.info", "> Ann"],
    ]);
  });
});
