/*
 * The `espruino` package, in a thread of its own: it patches globals (es6-shim, jQuery stand-ins, Espruino itself) and prints
 * everything that it sends. Here it gets a device that is our already open line instead of a port that it opens. Plain
 * JavaScript, for a worker of Node 20 starts without what reads TypeScript. Messages: ToWorker, FromWorker of engine-prompt.ts.
 */
import { createRequire } from "node:module";
import { parentPort } from "node:worker_threads";

const PATH = "our line";

const espruino = createRequire(import.meta.url)("espruino");
espruino.init(() => {
  const tools = globalThis.Espruino;
  const { Serial, Utils } = tools.Core;
  Object.assign(tools.Config, {
    // Nobody but us asks the board, and nothing is fetched about it.
    ...{ ENV_ON_CONNECT: false, SET_TIME_ON_WRITE: false, BOARD_JSON_URL: "" },
    // Each piece is acknowledged, so there is nothing to wait for blindly.
    ...{ STORAGE_UPLOAD_METHOD: 1, SERIAL_THROTTLE_SEND: 2 },
  });
  let receive = () => undefined;
  Serial.devices.length = 0;
  Serial.devices.push({
    name: "line",
    getPorts: (list) => list([{ path: PATH }], true),
    open: (_path, opened, onData) => {
      receive = onData;
      opened({});
    },
    write: (text, written) => {
      parentPort.postMessage({ type: "write", text });
      written();
    },
    close: () => undefined,
  });
  let seen = "";
  Serial.startListening((data) => {
    seen = (seen + Buffer.from(data).toString("latin1")).slice(-2000);
  });
  parentPort.on("message", (message) => {
    if (message.type === "bytes") {
      receive(Uint8Array.from(message.data).buffer);
      return;
    }
    const { id, code, seconds } = message;
    seen = "";
    const answer = (result) => parentPort.postMessage({ type: "answer", id, result, seen });
    Utils.executeExpression(code, answer, { minTimeout: seconds, maxTimeout: seconds });
  });
  const ready = () => {
    Serial.setSlowWrite(false, true);
    parentPort.postMessage({ type: "ready" });
  };
  Serial.open(PATH, ready, () => undefined);
});
