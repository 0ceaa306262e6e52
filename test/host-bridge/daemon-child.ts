// A daemon of its own process, to be killed. argv[2] is its configuration as JSON. Prints its URL.
import type { Config } from "../../host-bridge/config/schema.ts";
import { createLog } from "../../host-bridge/log.ts";
import { runDaemon } from "../../host-bridge/run.ts";

const config = JSON.parse(process.argv[2]) as Config;
const log = createLog({ level: "error", format: "text", write: (line) => void process.stderr.write(line) });
const { url } = await runDaemon(config, log);
process.stdout.write(`${url}\n`);
