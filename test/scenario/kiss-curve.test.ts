import assert from "node:assert/strict";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { bytesToHex } from "../../protocol/bytes.ts";
import { ERROR } from "./kiss-host.ts";
import { KissScene } from "./kiss-scene.ts";

const P = 2n ** 255n - 19n;

function publicKey(rawHex: string, curve: "Ed25519" | "X25519"): KeyObject {
  const x = Buffer.from(rawHex, "hex").toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: curve, x }, format: "jwk" });
}

function rawHex(key: KeyObject): string {
  return Buffer.from(key.export({ format: "jwk" }).x as string, "base64url").toString("hex");
}

function littleToHex(value: bigint): string {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse().toString("hex");
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let b = base, e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) if (e & 1n) result = (result * b) % P;
  return result;
}

/** The same key in the form that X25519 has: u = (1 + y) / (1 - y) (RFC 7748, 4.1). */
function montgomery(edwardsHex: string): string {
  const y = BigInt(`0x${Buffer.from(edwardsHex, "hex").reverse().toString("hex")}`) & (2n ** 255n - 1n);
  return littleToHex(((1n + y) * power(P + 1n - y, P - 2n)) % P);
}

/** Somebody with an Ed25519 key: what both share, as Node's X25519 has it. */
function sharedWith(key: KeyObject, peerHex: string): string {
  const seed = Buffer.from(key.export({ format: "jwk" }).d as string, "base64url");
  const scalar = createHash("sha512").update(seed).digest().subarray(0, 32);
  const prefix = Buffer.from("302e020100300506032b656e04220420", "hex");
  const own = createPrivateKey({ key: Buffer.concat([prefix, scalar]), format: "der", type: "pkcs8" });
  return diffieHellman({ privateKey: own, publicKey: publicKey(montgomery(peerHex), "X25519") }).toString("hex");
}

describe("KISS modem: requests that take the curve", () => {
  let scene: KissScene;
  let identity: string;
  beforeEach(() => {
    scene = new KissScene();
    scene.world.wait(2000);
    const answer = scene.answer("GetIdentity");
    assert.match(answer, /^81[0-9a-f]{64}$/);
    identity = answer.slice(2);
  });
  afterEach(() => scene.stop());

  /** Hears a message while the modem works. */
  const hearsMeanwhile = (ask: () => void): void => {
    const { hex, text } = scene.nextFrame();
    ask();
    scene.station.send(hex);
    scene.world.wait(3000);
    assert.ok(scene.holds(text));
  };

  it("GetIdentity is the key of the board's adverts, and stays", () => {
    assert.equal(identity, bytesToHex(inside().mesh.publicKey));
    assert.equal(scene.answer("GetIdentity", "00"), `81${identity}`);
  });

  it("SignData signs by that key, for every length up to the longest frame", () => {
    for (const length of [1, 32, 63, 64, 128, 510]) {
      const data = randomBytes(length);
      const answer = scene.answer("SignData", data.toString("hex"));
      assert.match(answer, /^84[0-9a-f]{128}$/);
      assert.ok(verify(null, data, publicKey(identity, "Ed25519"), Buffer.from(answer.slice(2), "hex")), `${length}`);
    }
  });

  it("VerifySignature is what Node says, for every length up to the longest frame", () => {
    for (const length of [1, 64, 160, 414]) {
      const keys = generateKeyPairSync("ed25519");
      const data = randomBytes(length);
      const request = Buffer.concat([
        Buffer.from(rawHex(keys.publicKey), "hex"),
        sign(null, data, keys.privateKey),
        data,
      ]);
      assert.equal(scene.answer("VerifySignature", request.toString("hex")), "8301", `${length} bytes`);
      for (const at of [0, 40, 70, request.length - 1]) {
        const forged = Buffer.from(request);
        forged[at] ^= 1;
        assert.equal(
          scene.answer("VerifySignature", forged.toString("hex")),
          "8300",
          `${length} bytes, wrong at ${at}`,
        );
      }
    }
  });

  it("KeyExchange gives both sides the same", () => {
    for (let i = 0; i < 4; i++) {
      const { privateKey, publicKey: peer } = generateKeyPairSync("ed25519");
      assert.equal(scene.answer("KeyExchange", rawHex(peer)), `87${sharedWith(privateKey, identity)}`);
    }
  });

  it("KeyExchange refuses keys of small order, with which all share the same", () => {
    for (const y of [0n, 1n, P - 1n]) assert.equal(scene.answer("KeyExchange", littleToHex(y)), ERROR.InvalidParam);
  });

  it("too little data is InvalidLength", () => {
    assert.equal(scene.answer("VerifySignature", "01".repeat(96)), ERROR.InvalidLength);
    assert.equal(scene.answer("SignData"), ERROR.InvalidLength);
    assert.equal(scene.answer("KeyExchange", "01".repeat(31)), ERROR.InvalidLength);
  });

  it("many at once are answered in their order while the radio receives", () => {
    hearsMeanwhile(() => {
      scene.host.forget();
      for (const _ of "abc") {
        scene.host.request(4, "aa");
        scene.host.request(0x17);
      }
    });
    const kinds = scene.host.order.filter((kind) => kind !== "D" && kind !== "f9");
    assert.deepEqual(kinds, ["84", "97", "84", "97", "84", "97"]);
    assert.equal(new Set(scene.host.hardware.filter((body) => body.startsWith("84"))).size, 1);
  });

  it("adverts are signed and checked between the requests", () => {
    scene.run("time 1700001000");
    const before = scene.station.heard.length;
    for (let i = 0; i < 8; i++) scene.host.request(4, "bb");
    const { adverts } = inside();
    // The world's own, which keeps a board quiet.
    delete adverts.send;
    Object.getPrototypeOf(adverts).send.call(adverts, true);
    scene.world.wait(10_000);
    assert.equal(scene.host.hardware.filter((body) => body.startsWith("84")).length, 8);
    assert.ok(scene.station.heard.length > before, "the advert is sent");
  });

  it("a host that has gone leaves the curve to the next one", () => {
    scene.host.request(4, "cc");
    scene.world.clock.advance(2);
    scene.host.send(0xff);
    scene.host.forget();
    assert.match(scene.answer("SignData", "dd"), /^84/);
  });

  it("requests that waited when their host went do not push away those of the next one", () => {
    for (let ms = 1; ms < 24; ms++) {
      for (let i = 0; i < 3; i++) scene.host.request(4, "cc");
      scene.world.clock.advance(ms);
      scene.host.send(0xff);
      scene.host.forget();
      assert.match(scene.answer("SignData", "dd"), /^84/, `${ms} ms after the requests`);
    }
  });

  it("without memory for the work SignData is TxBusy, and the next one is done", () => {
    const { adverts } = inside();
    const { curve } = adverts;
    adverts.curve = {
      sign: () => {
        throw new Error("no memory in one piece");
      },
    };
    assert.equal(scene.answer("SignData", "ee"), ERROR.TxBusy);
    adverts.curve = {
      sign: () => ({
        step: () => {
          throw new Error("no memory in one piece");
        },
      }),
    };
    assert.equal(scene.answer("SignData", "ee"), ERROR.TxBusy);
    adverts.curve = curve;
    assert.match(scene.answer("SignData", "ee"), /^84/);
  });

  it("without a key VerifySignature is done, the others are NoCallback", () => {
    inside().adverts.importIdentity("");
    const keys = generateKeyPairSync("ed25519");
    const signature = sign(null, Buffer.from("a"), keys.privateKey);
    assert.equal(scene.answer("VerifySignature", `${rawHex(keys.publicKey)}${signature.toString("hex")}61`), "8301");
    assert.equal(scene.answer("SignData", "61"), ERROR.NoCallback);
    assert.equal(scene.answer("KeyExchange", rawHex(keys.publicKey)), ERROR.NoCallback);
  });

  interface Inside {
    mesh: { publicKey: Uint8Array };
    adverts: { curve: unknown; send?: unknown; importIdentity(text: string): void };
  }
  function inside(): Inside {
    return scene.board.globals.meshcore as Inside;
  }
});

describe("KISS modem: a board whose host has its key", () => {
  let scene: KissScene;
  beforeEach(() => {
    scene = new KissScene("heltec-v3");
  });
  afterEach(() => scene.stop());

  it("has no curve: SignData, VerifySignature and KeyExchange are NoCallback", () => {
    assert.equal(scene.answer("SignData", "00"), ERROR.NoCallback);
    assert.equal(scene.answer("VerifySignature", "00".repeat(97)), ERROR.NoCallback);
    assert.equal(scene.answer("KeyExchange", "00".repeat(32)), ERROR.NoCallback);
  });

  it("GetIdentity is NoCallback until the host has sent its first advert, then the key in it", () => {
    assert.equal(scene.answer("GetIdentity"), ERROR.NoCallback);
    const stock = Buffer.alloc(4 + 101);
    stock[0] = 101;
    stock.fill(0x5a, 4, 36);
    const { adverts } = scene.board.globals.meshcore as { adverts: { importIdentity(text: string): void } };
    adverts.importIdentity(stock.toString("latin1"));
    assert.equal(scene.answer("GetIdentity"), `81${"5a".repeat(32)}`);
  });
});
