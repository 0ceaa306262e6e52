import { randomBytes } from "node:crypto";
import type { BrokerConfig } from "../config/schema.ts";
import type { Fault } from "./fault.ts";
import { Line, type Version } from "./line.ts";

const LIMIT_MS = 5000;
const SILENT: Fault = {
  reason: "it takes connections and does not answer as a broker; check the port in mqtt.broker",
  isHopeless: true,
  isVersion: "no",
};

/** Why the broker would not let this server in; null when it does. Nothing is published, and nobody else is disturbed. */
export async function tryBroker(config: BrokerConfig): Promise<Fault | null> {
  const first = await attempt(config, 5);
  if (first === null || first.isVersion === "no") return first;
  const second = await attempt(config, 4);
  return second?.isVersion === "maybe" ? SILENT : second;
}

function attempt(config: BrokerConfig, version: Version): Promise<Fault | null> {
  return new Promise((resolve) => {
    const settle = (line: Line, fault: Fault | null): void => {
      clearTimeout(timer);
      void line.close(fault !== null).then(() => resolve(fault));
    };
    const line = new Line({
      ...{ config, clientId: `doctor-${randomBytes(6).toString("hex")}`, version, will: null },
      opened: (one) => settle(one, null),
      closed: (one, fault) => settle(one, fault),
      received: () => undefined,
    });
    const timer = setTimeout(() => settle(line, SILENT), LIMIT_MS);
  });
}
