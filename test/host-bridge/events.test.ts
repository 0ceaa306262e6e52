import assert from "node:assert/strict";
import { Events } from "../../host-bridge/events.ts";
import { silentLog } from "../../host-bridge/log.ts";

describe("events", () => {
  it("tells every listener, until it is taken off", () => {
    const events = new Events(silentLog());
    const heard: string[] = [];
    const listener = ({ room }: { room: string }): void => void heard.push(room);
    const off = events.on("outbox", listener);
    const offSecond = events.on("outbox", listener);
    events.emit("outbox", { room: "A" });
    off();
    off();
    events.emit("outbox", { room: "B" });
    offSecond();
    events.emit("outbox", { room: "C" });
    assert.deepEqual(heard, ["A", "A", "B"]);
  });

  it("logs a listener that throws and goes on with the others", () => {
    const errors: string[] = [];
    const events = new Events({ ...silentLog(), error: (text) => void errors.push(text) });
    let told = 0;
    events.on("outbox", () => {
      throw new Error("broken");
    });
    events.on("outbox", () => void told++);
    events.emit("outbox", { room: "A" });
    assert.equal(told, 1);
    assert.deepEqual(errors, ['a listener of "outbox" failed']);
  });
});
