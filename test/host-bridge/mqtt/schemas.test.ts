import assert from "node:assert/strict";
import { publicationFault } from "./schemas.ts";

const MESSAGE = {
  ...{ type: "message", room: "Open", guid: "8db34e96-3e11-865b-b397-9de8506cb08f", sender: "Ann", text: "hello" },
  ...{ timestamp: 1_790_000_000, origin: "here", via: "radio", rssi: -101, snr: 4.5, hops: 2 },
};
const fault = (fields: object): string | null =>
  publicationFault("meshcore/messages/Open", JSON.stringify({ ...MESSAGE, ...fields }));

describe("docs/schemas", () => {
  it("take a message as it is", () => {
    assert.equal(fault({}), null);
    assert.equal(fault({ rssi: null, snr: null, hops: null, via: "mqtt" }), null);
  });

  const wrong: [what: string, fields: object, text: RegExp][] = [
    ["a field that lacks", { hops: undefined }, /must have required property 'hops'/],
    ["one that is not in it", { payload: "00" }, /must NOT have additional properties/],
    ["one of another type", { timestamp: "now" }, /data\/timestamp must be integer/],
    ["a GUID in capitals", { guid: MESSAGE.guid.toUpperCase() }, /data\/guid must match/],
    ["a door that is none", { via: "bluetooth" }, /data\/via must be equal to one of/],
  ];
  for (const [what, fields, text] of wrong) {
    it(`find ${what}`, () => assert.match(fault(fields) ?? "", text));
  }

  it("take the last will, and no status that is half of one", () => {
    assert.equal(publicationFault("meshcore/status", '{"online":false}'), null);
    for (const text of ['{"online":true}', '{"online":false,"name":"here"}', "{}"]) {
      assert.notEqual(publicationFault("meshcore/status", text), null, text);
    }
  });
});
