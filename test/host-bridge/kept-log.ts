import type { Log } from "../../host-bridge/log.ts";

/** Puts each line into `lines`, its level in front: "warn disk full". */
export function keptLog(lines: string[]): Log {
  const say = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
  return {
    ...{ debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
    setLevel: () => undefined,
  };
}
