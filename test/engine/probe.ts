/*
 * Instructions of the bundle's event handlers, on Espruino engines that count them: a global function `instructions()`.
 *
 * Instead of the chip model the radio is a handful of ready answers, so that nothing of a model is in the figures. Every call
 * that ends in such a stand-in is noted and made again afterwards: what it takes goes off, what the engine's own function
 * takes comes on. Before each handler the engine collects its garbage, as the firmware has it do every few seconds.
 */
import { createCipheriv, createHmac, generateKeyPairSync, sign } from "node:crypto";
import type { Board } from "../../boards/board.ts";
import { bytesToLatin1, hexToBytes } from "../../protocol/bytes.ts";
import { kissFrame } from "../../protocol/kiss.ts";
import { KISS_HARDWARE } from "../../protocol/kiss-modem.ts";
import * as link from "../../protocol/link.ts";
import { loadVectors } from "../protocol/vector-file.ts";
import { groupText, TEST_KEY } from "../scenario/world.ts";
import { ENGINE_QUIT, type EngineCommand, inEngineFolder, runEngine, storeInEspruino } from "./engines.ts";
import { storeSteps } from "./probe-store.ts";
import { frameOf, hear, prompt, say, tell, turns } from "./probe-words.ts";

const LIMIT_MS = 180_000;

/** Instructions of a handler, the most of all times that it was measured. */
export interface Cost {
  label: string;
  times: number;
  most: number;
  /** Of a radio handler: from the packet's reading to its end. */
  stored: number;
}

export interface Probe {
  costs: Cost[];
  /** JsVars of the program's data: the arena, tables, objects. */
  data: number;
}

/** As measured on the ARM build with its SPI idle: 4 to 100 bytes; and LoopbackA for a serial port. */
const NATIVE = `var SEND=19600,SEND_BYTE=164,WRITE=19900,WRITE_BYTE=52,PRINT=17800,PRINT_BYTE=147;`;

/**
 * Steps, one a line: "F label base64" hears a frame (behind 3 bytes, as ReadBuffer answers): the label is of the handler behind the one that reads it, "D label" ends a transmission, "E label" one that failed,
 * "S label base64" is serial input, "T label ms" runs the timers of up to so many ms and forgets the others, "W label ms" keeps them, "K label" the
 * housekeeping. With "-" as label nothing is measured. "J label base64" is code for the engine's prompt. "G" leaves the garbage where it is from here on, "g" collects again.
 */
const PROBE = `
${NATIVE}
var SENT=null,S=require("Storage"),I=instructions,LOG=[],T=[],TICK=null,ID=0,DEAD=[],RX=null,WATCH=null,DIO1=null,PIN=new Pin("D7"),IRQ=0,FROM=0,TO=0,COLLECT=true,TEXT="",MESH=null,EMPTY=0,AT=0;
var CUR=new Uint8Array(4),A=new Uint8Array(4),B=new Uint8Array(4),ZERO=new Uint8Array(5);
var SIGNAL=new Uint8Array([0,0,142,42,142]),STATUS=new Uint8Array([82,82]),REG=new Uint8Array([0,0,0,0,83]);
function send(d){LOG.push(d);var o=d[0];if(o===0x1e)return SENT||CUR;if(o===0x12){A[3]=IRQ;return A;}if(o===0x14)return SIGNAL;
 if(o===0x13)return B;if(o===0x1d)return REG;if(o===0xc0)return STATUS;return ZERO;}
function write(d){LOG.push(d.length);if(d[0]===14){SENT=new Uint8Array(d.length+1);SENT.set(d,1);}if(d[0]===2)IRQ=0;}
function level(p){LOG.push("r");return p===DIO1&&IRQ?1:0;}
function timer(f,ms){LOG.push("t");if(ms===500)TICK=f;else T.push([f,ms,++ID]);return ID;}
function cancel(id){LOG.push("c");DEAD.push(id);}
function port(s){LOG.push("p"+s.length);TEXT=s;}
function took(f,a){var t=I();f(a);return I()-t;}
function aSend(d){SPI1.send(d,PIN);}
function aWrite(d){SPI1.write(d,PIN);}
function aRead(){digitalRead(PIN);}
function aTimer(){setTimeout(aRead,9e8);}
function aCancel(){clearTimeout(1);}
function aPrint(s){USB.write(s);}
function none(){}
// With the engine's own functions still in place.
var NONE=took(none),READ=took(aRead),TIMER=took(aTimer),CANCEL=took(aCancel);
clearTimeout();
global.Serial1=global.Serial2=USB;
USB.setup=none;USB.on=function(e,f){RX=f;};USB.write=port;E.setConsole=E.reboot=none;SPI1.setup=none;SPI1.send=send;SPI1.write=write;
["pinMode","digitalWrite"].forEach(function(n){global[n]=none;});
global.setWatch=function(f,p){WATCH=f;DIO1=PIN=p;return 1;};global.digitalRead=level;global.setTimeout=timer;global.clearTimeout=cancel;
function around(a,b,c){AT=LOG.length;FROM=I();MESH.call(this,a,b,c);TO=I();}
function nothing(a,b,c){}
// Measures Mesh.onPacket by itself, from reading the packet to its place in the ring.
function wrap(mesh){
 MESH=nothing;around(1,2,3);around(1,2,3);EMPTY=TO-FROM;
 MESH=mesh.onPacket;mesh.onPacket=around;}
// What the stand-ins in \`log\` took beyond native calls.
function excess(log){var x=0,n=T.length,dead=DEAD.length;
 log.forEach(function(e){
  if(e==="r")x+=took(aRead)-READ;
  else if(e==="t"){x+=took(aTimer)-TIMER;T.splice(n,9);}
  else if(e==="c")x+=took(aCancel)-CANCEL;
  else if(typeof e==="string"){var c=parseInt(e.substr(1),10),s="";while(s.length<c)s+="0123456789";x+=took(aPrint,s)-NONE-PRINT-PRINT_BYTE*c;}
  else if(typeof e==="number")x+=took(aWrite,new Uint8Array(e))-NONE-WRITE-WRITE_BYTE*e;
  else x+=took(aSend,e)-NONE-SEND-SEND_BYTE*e.length;});
 DEAD.splice(dead,99);
 return x;}
function measure(label,f,a){
 if(label==="-"){f(a);LOG=[];return;}
 if(COLLECT)process.memory();
 LOG=[];FROM=TO=0;
 var t=took(f,a)-NONE,log=LOG,stored=TO-FROM;LOG=[];
 if(stored){t-=EMPTY;stored-=EMPTY+excess(log.slice(AT));}
 t-=excess(log);LOG=[];
 print("I "+label+" "+Math.round(t)+" "+Math.round(stored));}
function timers(label,ms,keep){var due=T;T=[];DEAD=[];
 due.forEach(function(e){if(DEAD.indexOf(e[2])<0&&e[1]<=ms)measure(label,e[0]);});
 if(keep)T=due.filter(function(e){return e[1]>ms&&DEAD.indexOf(e[2])<0;}).concat(T);}
function bytes(s){return E.toUint8Array(atob(s));}
function step(kind,label,arg){
 if(kind==="F"){CUR=bytes(arg);SENT=null;B[2]=CUR.length-3;IRQ=2;var n=T.length;measure("radio:read",WATCH);if(T.length>n)measure(label,T.splice(n,1)[0][0]);}
 else if(kind==="D"||kind==="E"){IRQ=kind==="D"?1:3;measure(label,WATCH);}
 else if(kind==="S")measure(label,RX,atob(arg));
 else if(kind==="T"||kind==="W")timers(label,parseInt(arg,10),kind==="W");
 else if(kind==="K")measure(label,TICK);
 else if(kind==="J")measure(label,eval,atob(arg));
 else COLLECT=kind==="g";}
`;

/** All variables of the engine, between two lines that begin with W. */
const DUMP = `process.memory();print("W");E.dumpVariables();print("W");`;

/** Of the engine's flash the last 64 KB, far behind its files: natively, so that only the chip's own time is not in the figures. */
const LOG_SCRIPT = `var f=require("Flash").getFree()[0];print("L "+(f.addr+f.length-65536));${ENGINE_QUIT}`;

/**
 * Runs the probe in fresh engines that count: once without a log, then with one, then a start with what that has left. Throws
 * when one stops before the end.
 */
export async function probe(engine: EngineCommand, board: Board, bundle: string, library: string): Promise<Probe> {
  const run = async (folder: string, code: string, name: string, steps: string[]): Promise<string> => {
    const script = `${PROBE}
      eval(S.read("${code}"));
      ${DUMP}
      wrap(meshcore.mesh);
      var at=0,line,w;
      while((line=S.read("${name}",at,1500))){
       line=line.substr(0,line.indexOf("\\n"));at+=line.length+1;
       w=line.split(" ");step(w[0],w[1],w[2]);}
      ${ENGINE_QUIT}`;
    await storeInEspruino(engine, folder, name, `${steps.join("\n")}\n`);
    const { ended, text, errors } = await runEngine(engine, script, { folder, limitMs: LIMIT_MS });
    if (ended !== "script") throw new Error(`${engine.name} stopped early: ${(text + errors).slice(-1500)}`);
    return text;
  };
  return inEngineFolder(async (folder) => {
    await storeInEspruino(engine, folder, ".bootcde", bundle);
    await storeInEspruino(engine, folder, "mc.lib", library);
    const text = await run(folder, ".bootcde", "steps", probeSteps());
    const found = /^L (\d+)$/m.exec((await runEngine(engine, LOG_SCRIPT, { folder, limitMs: LIMIT_MS })).text);
    if (!found) throw new Error(`${engine.name} has no flash`);
    const { log, resetRegister } = board.engine;
    // What asks the processor for its reset would end a program of Linux.
    const logging = bundle.replace(String(log.address), found[1]).replace(`:${resetRegister}}`, ":0}");
    await storeInEspruino(engine, folder, "logging", logging);
    const steps = storeSteps();
    const stored = await run(folder, "logging", "steps1", steps.first);
    const again = await run(folder, "logging", "steps2", steps.again);
    return { costs: costs(text + stored + again), data: dataVariables(text) };
  });
}

function costs(text: string): Cost[] {
  const found = new Map<string, Cost>();
  for (const [, name, total, stored] of text.matchAll(/^I (\S+) (-?\d+) (-?\d+)$/gm)) {
    const label = name.replace(":", ": ").replaceAll("-", " ").replaceAll(",", ", ");
    const cost = found.get(label) ?? { label, times: 0, most: 0, stored: 0 };
    cost.times++;
    cost.most = Math.max(cost.most, Number(total));
    cost.stored = Math.max(cost.stored, Number(stored));
    found.set(label, cost);
  }
  return [...found.values()];
}

/** A variable of E.dumpVariables(): its size in JsVars, its kind, what it shows of its content, what it points to. */
interface Variable {
  size: number;
  kind: number;
  content: string;
  children: number[];
}

function variables(dump: string): Map<number, Variable> {
  const found = new Map<number, Variable>();
  for (const line of dump.split("\n")) {
    const words = line.replace(/,$/, "").split(",");
    if (words.length < 3 || !/^\d+,\d+,\d+,/.test(line)) continue;
    const [ref, size, kind] = words.splice(0, 3).map(Number);
    const children: number[] = [];
    while (/^\d+$/.test(words.at(-1) ?? "")) children.push(Number(words.pop()));
    found.set(ref, { size, kind, content: words.join(","), children });
  }
  return found;
}

/** JSV_FUNCTION and its relatives: from JsVar kind 6 to 9 with 14-byte variables. */
const isFunction = (kind: number): boolean => kind >= 6 && kind <= 9;

/** JsVars of all that the running program holds: what can be reached from its global without going through a function. */
function dataVariables(text: string): number {
  const all = variables(text.split(/^W$/m)[1]);
  const waiting = [...all].filter(([, { content }]) => content === '"meshcore"').map(([ref]) => ref);
  const seen = new Set<number>();
  let total = 0;
  for (let ref = waiting.pop(); ref !== undefined; ref = waiting.pop()) {
    const variable = all.get(ref);
    if (!variable || seen.has(ref)) continue;
    seen.add(ref);
    if (isFunction(variable.kind) || variable.content === '"__proto__"') continue;
    total += variable.size;
    waiting.push(...variable.children);
  }
  return total;
}

const KEY32 = new Uint8Array(32);
KEY32.set(hexToBytes(TEST_KEY));
const text = (words: string): Uint8Array => new Uint8Array(Buffer.from(words));
/** The longest text that there is: 160 bytes with its sender. */
const longest = (n: number): string => groupText(TEST_KEY, 1700000000 + n, "Ann", "x".repeat(155));

/** A real one, of another node. */
const [, ADVERT, ...OTHERS] = (loadVectors("adverts.json") as { adverts: { raw_flood: string }[] }).adverts
  .map(({ raw_flood }) => raw_flood)
  .slice(0, 18);

/** As much to be escaped as in ciphertext. */
const mixed = (length: number): number[] => Array.from({ length }, (_, i) => (i * 167) & 255);
const SIGNED = ((): string => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const data = Buffer.from(mixed(414));
  const spki = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return Buffer.concat([spki, sign(null, data, privateKey), data]).toString("hex");
})();
/** Key, MAC and ciphertext of a DecryptData. */
function sealedRequest(length: number): Uint8Array {
  const key = Buffer.from(mixed(32));
  const cipher = createCipheriv("aes-128-ecb", key.subarray(0, 16), null).setAutoPadding(false);
  const body = cipher.update(Buffer.from(mixed(length)));
  return Buffer.concat([key, createHmac("sha256", key).update(body).digest().subarray(0, 2), body]);
}

/** The steps of a probe. Labels say what is measured; those with the same label are the worse ones of several. */
function probeSteps(): string[] {
  /** A request to the KISS modem, and all the turns that its answer takes. */
  const ask = (name: string, number: number, data: number[] | Uint8Array, count = 16): string[] => [
    say("kiss:request", kissFrame(0, KISS_HARDWARE, bytesToLatin1(new Uint8Array([number, ...data])))),
    ...turns(`turn:KISS-${name}`, count),
  ];
  const type = (label: string, line: string): string[] => [say(label, `${line}\r`), ...turns(`${label},turns`, 40)];
  const advert = (n: number): string => `1100${n.toString(16).padStart(2, "0").repeat(32)}${"cd".repeat(88)}`;
  const flipped = (hex: string, at: number): string => {
    const bytes = hexToBytes(hex);
    bytes[at] ^= 1;
    return Buffer.from(bytes).toString("hex");
  };
  let n = 0;
  const many = (count: number): string[] =>
    Array.from({ length: count }, () => [hear("-", longest(++n)), "T - 10"]).flat();
  return [
    ...turns("turn:radio-set-up,curve", 8),
    ...turns("turn:own-key", 26),
    // As a script sends them: one line waits for the other.
    say("console:room-add,time", `room add test ${TEST_KEY} 500\r`),
    say("console:room-add,time", "time 1700001000\r"),
    ...turns("console:room-add,time,turns", 12),
    ...many(1),
    hear("radio:stored", longest(++n)),
    hear("radio:duplicate", longest(n)),
    hear("radio:wrong-MAC", flipped(longest(++n), 4)),
    hear("radio:unknown-channel", flipped(longest(++n), 2)),
    hear("radio:other-packet", advert(1)),
    ...Array.from({ length: 10 }, () => "K timer:housekeeping"),
    "T timer:tidying 250",
    tell("link:Hello", link.Hello, {
      version: link.LINK_VERSION,
      minVersion: link.LINK_MIN_VERSION,
      unixTime: 1700001000,
      wants: 1,
    }),
    ...turns("turn:BoardHello,RoomState", 4),
    tell("link:GetStatus", link.GetStatus, { req: 7 }),
    ...turns("turn:Status", 2),
    tell("link:Resume", link.Resume, { room: 0, seq: 0 }),
    ...turns("turn:RoomMessage", 3),
    tell("link:Ack", link.Ack, { room: 0, seq: 1 }),
    ...turns("-", 3),
    tell("link:Ack", link.Ack, { room: 0, seq: 2 }),
    ...turns("-", 3),
    hear("radio:stored,streaming", longest(++n)),
    ...turns("turn:RoomMessage", 3),
    tell("link:SetTime", link.SetTime, { unixTime: 1700001100 }),
    tell("link:SetRoom", link.SetRoom, {
      req: 8,
      max: 50,
      keyLen: 32,
      key: KEY32.map((b) => b ^ 0xff),
      name: text("other"),
    }),
    ...turns("turn:SetRoom,Result,RoomState", 6),
    tell("link:SetRoom", link.SetRoom, { req: 9, max: 60, keyLen: 16, key: KEY32, name: text("other") }),
    ...turns("turn:SetRoom,Result,RoomState", 6),
    tell("link:RemoveRoom", link.RemoveRoom, { req: 10, name: text("other") }),
    ...turns("turn:RemoveRoom,Result", 6),
    tell("link:SetRadio", link.SetRadio, {
      ...{ req: 11, freqHz: 869618000, bwHz: 62500, sf: 8, cr: 8, powerDbm: 22, dutyPermille: 100 },
    }),
    ...turns("turn:SetRadio,Result", 6),
    tell("link:Send", link.Send, { req: 12, priority: 1, payloadType: 5, payload: hexToBytes(longest(++n)).slice(2) }),
    ...turns("turn:Send,Result,transmit", 8),
    "D radio:transmission-ended",
    ...turns("turn:transmission-ended,Sent", 5),
    tell("-", link.Send, { req: 13, priority: 1, payloadType: 5, payload: hexToBytes(longest(++n)).slice(2) }),
    ...turns("-", 8),
    ...[1, 2, 3].flatMap(() => ["E radio:transmission-failed", ...turns("turn:transmission-failed,Sent", 8)]),
    hear("radio:other-packet,wanted", advert(2)),
    ...turns("turn:Heard", 3),
    tell("link:Ack", link.Ack, { room: 0, seq: 4 }),
    ...turns("-", 3),
    prompt("meshcore.adverts.send(true);"),
    ...turns("turn:own-advert", 12),
    "D radio:transmission-ended,advert",
    ...turns("turn:transmission-ended", 4),
    hear("radio:advert", ADVERT),
    ...turns("turn:advert-verified,neighbour", 12),
    // The table is full of others, and more.
    ...OTHERS.flatMap((each) => [hear("radio:advert", each), ...turns("turn:advert-verified,neighbour", 12)]),
    hear("-", flipped(ADVERT, 50)),
    ...turns("turn:advert-forged", 12),
    // As fast as a host can write.
    say("link:several", Array.from({ length: 8 }, () => frameOf(link.GetStatus, { req: 14 })).join("")),
    ...turns("turn:several", 20),
    // A KISS host, with the longest of each; of the first all bytes are escaped.
    ...ask("escaped", 23, new Uint8Array(510).fill(0xdb)),
    ...ask("escaped", 23, new Uint8Array(510).fill(0xc0)),
    ...ask("Ping", 23, []),
    ...ask("GetIdentity", 1, []),
    ...ask("GetRandom", 2, [64], 20),
    ...ask("SignData", 4, mixed(510), 40),
    ...ask("VerifySignature", 3, hexToBytes(SIGNED), 40),
    ...ask("KeyExchange", 7, hexToBytes(SIGNED).slice(0, 32), 60),
    ...ask("EncryptData", 5, mixed(192)),
    ...ask("EncryptData", 5, mixed(509)),
    ...ask("DecryptData", 6, sealedRequest(160)),
    ...ask("DecryptData", 6, sealedRequest(464)),
    ...ask("Hash", 8, mixed(510)),
    // Until the radio is off; it hears nothing until it is set up anew. And back again.
    ...ask("SetRadio", 9, [0x8, 0xe6, 0xd3, 0x33, 0x24, 0xf4, 0, 0, 8, 8]),
    ...ask("SetRadio", 9, [0x50, 0x51, 0xd5, 0x33, 0x24, 0xf4, 0, 0, 8, 8]),
    ...ask("GetStats", 18, []),
    ...ask("GetSensors", 21, [7]),
    say("kiss:packet", kissFrame(0, 0, bytesToLatin1(hexToBytes(longest(++n))))),
    ...Array.from({ length: 8 }, () => "T turn:KISS-transmits 700"),
    "D radio:transmission-ended,KISS",
    ...turns("turn:KISS-TxDone", 5),
    hear("radio:stored,KISS", longest(++n)),
    ...turns("turn:KISS-heard", 4),
    // As long as one can be.
    hear("-", `3d00${Buffer.from(mixed(253)).toString("hex")}`),
    ...turns("turn:KISS-heard", 4),
    say("kiss:return", "\xc0\xff\xc0"),
    ...turns("-", 4),
    // As after a day: every block of the room's share is in use.
    ...many(250),
    hear("radio:stored,arena-full", longest(++n)),
    ...turns("timer:make-room", 1),
    ...[1, 2, 3, 4, 5].flatMap(() => [hear("radio:stored,arena-full", longest(++n)), ...turns("timer:make-room", 1)]),
    "G",
    ...many(10),
    hear("radio:stored,ten-after-tidying", longest(++n)),
    "g",
    // A repeater whose key begins with f2, with some regions.
    prompt("meshcore.mesh.publicKey=new Uint8Array(32).fill(0xf2);meshcore.mesh.prefs.repeat=1;"),
    "K timer:housekeeping",
    ...turns("turn:forwarder-loaded", 1),
    hear("radio:heard,repeating", longest(++n)),
    ...turns("turn:flood-forwarded", 5),
    hear("radio:for-another", `0a03f25917${"c1".repeat(150)}`),
    ...turns("turn:direct-packet-passed-on", 4),
    hear("-", "0e02f2347debb22d"),
    ...turns("turn:acknowledgement-passed-on", 4),
    "D -",
    ...turns("-", 4),
    "D -",
    ...turns("-", 4),
    hear("-", "2600258f3f9216a0836500f28ad5"),
    ...turns("turn:TRACE-passed-on", 4),
    "D -",
    ...turns("-", 4),
    hear("-", "2e00800446e3bbce00000000"),
    ...turns("turn:DISCOVER-answered", 4),
    ...["D -", ...turns("-", 4), "D -", ...turns("-", 4), "D -", ...turns("-", 4)],
    prompt(
      `var rows="* 0 0 5";for(var i=0;i<8;i++)rows+="\\nr"+i+" 0 0";meshcore.mesh.regionMap().restore(rows,function(){});`,
    ),
    ...turns("turn:regions-restored", 10),
    hear("-", `14010000000000${"da".repeat(180)}`),
    ...turns("turn:regions-of-a-flood", 16),
    "D -",
    ...turns("-", 4),
    tell("-", link.Send, { req: 13, priority: 1, payloadType: 5, payload: hexToBytes(longest(++n)).slice(2) }),
    ...turns("turn:Send,scoped", 8),
    prompt("meshcore.mesh.prefs.repeat=0;"),
    ...[1, 2, 3].flatMap(() => ["D radio:transmission-ended,scoped", ...turns("turn:transmission-ended", 5), "K -"]),
    // A room that takes nearly all of what another one fills, and that is less than what there is; then a limit far below.
    ...many(40),
    ...type("console:room-add,crowded", `room add crowd ${TEST_KEY.replace(/^../, "00")} 60000`),
    ...type("console:room-remove", "room remove crowd"),
    ...many(250),
    ...type("console:room-add,smaller", `room add test ${TEST_KEY} 20`),
    ...many(2),
    // What makes room comes right after each on a board. So many, for what is found in the table of packets differs.
    ...Array.from({ length: 40 }, () => [
      ...turns("timer:make-room", 2),
      hear("radio:stored,room-at-its-limit", longest(++n)),
    ]).flat(),
    ...turns("-", 2),
    // Two rooms more with the same channel byte, which are asked before.
    ...["02a9", "0338"].flatMap((end, i) => [
      say("-", `room add twin${i} ${TEST_KEY.slice(0, 28)}${end}\r`),
      ...turns("-", 12),
    ]),
    hear("radio:heard,third-of-its-channel-byte", longest(++n)),
    ...turns("turn:third-of-its-channel-byte", 4),
    hear("-", flipped(longest(++n), 4)),
    ...turns("turn:none-of-its-channel-byte", 4),
    ...[0, 1].flatMap((i) => [say("-", `room remove twin${i}\r`), ...turns("-", 12)]),
    ...type("console:ver", "ver"),
    ...type("console:rooms", "rooms"),
    ...type("console:history", "history test 3"),
    ...type("console:get", "get radio"),
    ...type("console:get", "get adc.multiplier"),
    ...type("console:get", "get no.such.key"),
    ...type("console:set-radio", "set radio 869.525,250,11,5"),
    ...type("console:set-radio", "set radio 869.618,62.5,8,8"),
    ...type("console:set", "set radio 869.618,62.5,8,8"),
    ...type("console:set", "set adc.multiplier 1"),
    ...type("console:set", "set no.such.key 1"),
    ...type("console:no-command", "sensor nothing"),
    ...type("console:stats-core", "stats-core"),
    ...type("console:stats-radio", "stats-radio"),
    ...type("console:clear-stats", "clear stats"),
    ...type("console:neighbors", "neighbors"),
    ...type("console:neighbor.remove", "neighbor.remove 0102030405060708"),
    // As many as there can be, with long names.
    ...Array.from({ length: 24 }, (_, i) =>
      type("console:region-put", `region put region-${i}-xxxxxxxxxxxxxxxxxx`),
    ).flat(),
    ...type("console:region-put", "region put europe region-7"),
    ...type("console:region", "region"),
    ...type("console:region-get", "region get region-1"),
    ...type("console:region-save", "region save"),
    ...type("console:region-default", "region default eur"),
    ...type("console:region-list", "region list denied"),
    ...type("console:region-remove", "region remove r0"),
    ...type("console:room.post", "room.post hello"),
    ...type("console:stats-packets", "stats-packets"),
    ...type("console:help", "help"),
    say("console:say", "say test hello\r"),
    ...turns("turn:say", 6),
    ...type("console:room-add", `room add more ${TEST_KEY} 50`),
  ];
}
