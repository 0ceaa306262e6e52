import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { openAccess } from "../../../host-bridge/auth/access.ts";
import { ACCESS_FILE } from "../../../host-bridge/auth/access-file.ts";
import { hashSecret, matchesSecret } from "../../../host-bridge/auth/secret-hash.ts";
import type { NewToken } from "../../../host-bridge/auth/tokens.ts";
import { RoomError } from "../../../host-bridge/errors.ts";
import { FakeClock } from "../fake-clock.ts";
import { Scratch } from "../scratch.ts";

const wish = (name: string, fields: Partial<NewToken> = {}): NewToken => ({
  ...{ name, role: "post", rooms: null, expires: null },
  ...fields,
});

describe("tokens", () => {
  const scratch = new Scratch();
  const clock = new FakeClock();
  const closes: (() => void)[] = [];
  const open = (dir: string) => {
    const access = openAccess(dir, clock);
    closes.push(() => access.close());
    return access.tokens;
  };

  afterEach(() => {
    for (const close of closes.splice(0)) close();
    scratch.clean();
  });

  it("knows a token by its text and by nothing else", async () => {
    const tokens = open(scratch.dir());
    const { token, text } = await tokens.create(wish("alice", { role: "read", rooms: ["Open"] }));
    assert.match(text, /^mcr_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    const found = await tokens.verify(text);
    assert.deepEqual({ ...found, lastUsed: null }, token);
    assert.deepEqual(found?.rooms, ["Open"]);
    const other = (await tokens.create(wish("bob"))).text;
    const mixed = `${text.slice(0, 17)}${other.slice(17)}`;
    const flipped = text.slice(0, -2) + (text.at(-2) === "A" ? "B" : "A") + text.slice(-1);
    for (const wrong of ["", text.slice(0, -1), `${text}x`, mixed, flipped, text.toUpperCase(), "mcr__", token.id]) {
      assert.equal(await tokens.verify(wrong), null, wrong);
    }
    // Once it is known, the short way is as strict.
    for (const wrong of [mixed, flipped]) assert.equal(await tokens.verify(wrong), null);
  });

  it("counts what another process does at once", async () => {
    const dir = scratch.dir();
    const [daemon, shell] = [open(dir), open(dir)];
    const { text, token } = await shell.create(wish("alice"));
    assert.equal((await daemon.verify(text))?.name, "alice");
    assert.equal(shell.revoke("alice"), true);
    assert.equal(await daemon.verify(text), null);
    assert.equal(daemon.valid(token.id), null);
    assert.equal(shell.revoke("alice"), false);
    // The name is free again, and the old token stays dead.
    await shell.create(wish("alice"));
    assert.equal(await daemon.verify(text), null);
  });

  it("ends at the moment of its expiry", async () => {
    const tokens = open(scratch.dir());
    const { text } = await tokens.create(wish("alice", { expires: clock.unixMs() + 5000 }));
    clock.advance(4999);
    assert.notEqual(await tokens.verify(text), null);
    clock.advance(1);
    assert.equal(await tokens.verify(text), null);
  });

  it("refuses a name twice, and one that is none", async () => {
    const tokens = open(scratch.dir());
    await tokens.create(wish("alice"));
    for (const name of ["alice", "", " x", "a\nb", "x".repeat(65)]) {
      const isRefused = (error: unknown): boolean => error instanceof RoomError && error.code === "bad_usage";
      await assert.rejects(tokens.create(wish(name)), isRefused, JSON.stringify(name));
    }
  });

  it("gives whoever steals its files nothing to log in with", async () => {
    const dir = scratch.dir();
    const tokens = open(dir);
    const { text, token } = await tokens.create(wish("alice"));
    await tokens.verify(text);
    const secret = text.slice(17);
    const files = readdirSync(dir).filter((name) => name.startsWith(ACCESS_FILE));
    assert.ok(files.length > 0);
    for (const name of files) {
      const bytes = readFileSync(join(dir, name));
      assert.equal(bytes.includes(secret), false, name);
      assert.equal(bytes.includes(Buffer.from(secret, "base64url")), false, name);
      assert.equal(statSync(join(dir, name)).mode & 0o077, 0, name);
    }
    // Everything in the row, tried as the secret.
    const stolen = open(dir);
    const bytes = Buffer.concat(files.map((name) => readFileSync(join(dir, name)))).toString("latin1");
    const [hash] = /scrypt\$\d[\w$-]+/.exec(bytes) ?? [""];
    assert.match(hash, /^scrypt\$16384\$8\$1\$[\w-]{22}\$[\w-]{43}/);
    for (const part of hash.split("$")) {
      assert.equal(await stolen.verify(`mcr_${token.id}_${part.slice(0, 43)}`), null);
      assert.equal(await stolen.verify(`mcr_${token.id}_${part.slice(0, 43).padEnd(43, "A")}`), null);
    }
  });

  it("salts each hash on its own", async () => {
    const [one, two] = [await hashSecret("same"), await hashSecret("same")];
    assert.notEqual(one, two);
    assert.equal(await matchesSecret("same", one), true);
    assert.equal(await matchesSecret("Same", one), false);
    for (const broken of ["", "scrypt$1", "plain$16384$8$1$AA$AA", one.replace("scrypt", "md5")]) {
      assert.equal(await matchesSecret("same", broken), false, broken);
    }
  });

  it("works as long on a token that is not there as on a wrong secret", async () => {
    const tokens = open(scratch.dir());
    const { text } = await tokens.create(wish("alice"));
    const guess = "A".repeat(43);
    const timed = async (id: string): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < 7; i++) {
        const start = performance.now();
        await tokens.verify(`mcr_${id}_${guess}`);
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b)[0];
    };
    const [there, gone] = [await timed(text.slice(4, 16)), await timed("0".repeat(12))];
    assert.ok(gone > there / 2 && gone < there * 2, `${there} ms and ${gone} ms`);
  });
});
