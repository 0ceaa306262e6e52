import assert from "node:assert/strict";
import { directKey, hashtag, roomKey } from "../../../host-bridge/config/room-key.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("room keys", () => {
  describe("of public rooms", () => {
    // MeshCore's documents (docs/companion_protocol.md) and test/vectors/group_channels.json; the rest Python's hashlib.
    const known: [name: string, key: string][] = [
      ["Public", "8b3387e9c5cdea6ac9e5edbaa115cd72"],
      ["#test", "9cd8fcf22a47333b591d96a2b848b73f"],
      ["test", "9cd8fcf22a47333b591d96a2b848b73f"],
      ["TEST", "9cd8fcf22a47333b591d96a2b848b73f"],
      ["#MeshCore", "2fa78a5aef618e7c2a78f0ab5c8869b3"],
      ["Été", "238e6254e9d860e333eb8af8cc812ac6"],
      ["RegionMesh-Public", "6e6b6320733605eb15af9aef35f43118"],
    ];
    for (const [name, key] of known) {
      it(`${name} has ${key}`, async () => assert.equal(hex(await roomKey(name, "")), key));
    }

    it("only the exact name Public is MeshCore's well-known channel", async () => {
      assert.notEqual(hex(await roomKey("public", "")), "8b3387e9c5cdea6ac9e5edbaa115cd72");
      assert.equal(hex(await roomKey("public", "")), hex(await roomKey("#PUBLIC", "")));
    });

    it("a name that has its # keeps the one", () => {
      assert.equal(hashtag("#Foo"), "#foo");
      assert.equal(hashtag("##Foo"), "##foo");
    });
  });

  describe("given as they are", () => {
    const key16 = "00112233445566778899aabbccddeeff";
    const key32 = `${key16}ffeeddccbbaa99887766554433221100`;
    for (const key of [key16, key32]) {
      it(`${key.length} hex digits are the key, in capitals too`, async () => {
        assert.equal(hex(await roomKey("A", key)), key);
        assert.equal(hex(await roomKey("A", key.toUpperCase())), key);
      });
      it(`base64 of ${key.length / 2} bytes is the key`, async () => {
        assert.equal(hex(await roomKey("A", Buffer.from(key, "hex").toString("base64"))), key);
      });
    }

    const passphrases = [
      key16.slice(1),
      `${key16}0`,
      ` ${key16}`,
      `${key16}\n`,
      key32.slice(2),
      Buffer.from(key16, "hex").toString("base64").replace(/=/g, ""),
      Buffer.from(key16, "hex").subarray(1).toString("base64"),
      `${key16.slice(0, 31)}g`,
    ];
    it("anything near a key is a passphrase and derived to 16 bytes", async () => {
      for (const psk of passphrases) {
        assert.equal(directKey("A", psk), null, JSON.stringify(psk));
      }
      assert.equal((await roomKey("A", passphrases[0])).length, 16);
    });
  });

  describe("from passphrases", () => {
    // Python 3: hashlib.scrypt(psk, salt=b"meshcore-room:" + name, n=2**15, r=8, p=1, dklen=16, maxmem=2**26).hex()
    const known: [name: string, psk: string, key: string][] = [
      ["EmergencyNet", "secretkeyhere", "b9882cd46adf281173aea86400c5628b"],
      ["ClubNet", "clubsecretkey", "ac0f7246bcf0365c4e8080d537f1d61b"],
      ["Клуб", "пароль и ещё немного", "ff3a0665581b434033e6d84aaadb11cf"],
      ["ClubNet", "secretkeyhere", "eb4bf15f1cfc9095d08aed74398651d8"],
    ];
    for (const [name, psk, key] of known) {
      it(`${psk} in ${name} gives ${key}`, async () => assert.equal(hex(await roomKey(name, psk)), key));
    }

    it("a second time costs no derivation, and nobody can change the kept key", async () => {
      const first = await roomKey("Cached", "some passphrase");
      // A hundred derivations would take several seconds.
      const started = process.hrtime.bigint();
      for (let n = 0; n < 100; n++) await roomKey("Cached", "some passphrase");
      assert.ok(process.hrtime.bigint() - started < 2_000_000_000n, "derived again");
      const copy = await roomKey("Cached", "some passphrase");
      copy.fill(0);
      assert.deepEqual(await roomKey("Cached", "some passphrase"), first);
    });
  });
});
