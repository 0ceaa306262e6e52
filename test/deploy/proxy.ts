// A whole daemon with a real proxy in front of it, for the tests of the sites in deploy/.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../host-bridge/config/load.ts";
import { silentLog } from "../../host-bridge/log.ts";
import { type Daemon, runDaemon } from "../../host-bridge/run.ts";
import { endProcess } from "../end-process.ts";
import { freePort } from "../simulator/tcp-station.ts";

const DEPLOY = fileURLToPath(new URL("../../deploy/", import.meta.url));

/** An address of this machine that is not loopback: who connects to it also comes from it. */
export const outsideAddress: string | undefined = Object.values(networkInterfaces())
  .flat()
  .find((one) => one !== undefined && one.family === "IPv4" && !one.internal)?.address;

export const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;

/** Writes a new self-signed certificate for this machine to `folder`; `ca` is what a client trusts then. */
export function newCertificate(folder: string): { cert: string; key: string; ca: string } {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const names = ["DNS:localhost", "IP:127.0.0.1", ...(outsideAddress === undefined ? [] : [`IP:${outsideAddress}`])];
  const made = spawnSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"].concat([
      "-subj",
      "/CN=localhost",
      "-addext",
      `subjectAltName=${names.join(",")}`,
      "-keyout",
      key,
      "-out",
      cert,
    ]),
  );
  if (made.status !== 0) throw new Error(String(made.stderr));
  return { cert, key, ca: readFileSync(cert, "utf8") };
}

/** A daemon behind a proxy on loopback, configured as the comment in the site says. */
export function startDaemon(folder: string, port = 0): Promise<Daemon> {
  const file = join(folder, "room-server.yaml");
  writeFileSync(
    file,
    `listen: 127.0.0.1:${port}
data_dir: ${join(folder, "data")}
clients:
  trusted_proxies: ["127.0.0.1"]
  rate_limit: { messages_per_minute: 100000, burst: 100000 }
rooms:
  - { name: Open, max_history: 10000 }
`,
  );
  return runDaemon(loadConfig([file], {}).config, silentLog());
}

export interface Front {
  /** Of its HTTPS port. */
  port: number;
  /** Of its HTTP port, where it has one. */
  httpPort: number;
  child: ChildProcess;
  stop(): Promise<void>;
}

/** nginx with our site; nothing of it is changed but ports and the paths of the certificate. */
export async function startNginx(folder: string, upstream: number): Promise<Front> {
  const [port, httpPort] = [await freePort(), await freePort()];
  const site = readFileSync(join(DEPLOY, "nginx/meshcore-room.conf"), "utf8")
    .replaceAll("127.0.0.1:7070;", `127.0.0.1:${upstream};`)
    .replace(/listen ((?:\[::\]:)?)443 /g, `listen $1${port} `)
    .replace(/listen ((?:\[::\]:)?)80;/g, `listen $1${httpPort};`)
    .replace(/\S+fullchain\.pem/, join(folder, "cert.pem"))
    .replace(/\S+privkey\.pem/, join(folder, "key.pem"));
  mkdirSync(join(folder, "nginx"));
  writeFileSync(join(folder, "nginx/site.conf"), site);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`);
  // Root's workers would be somebody who may not enter the folder.
  const user = process.getuid?.() === 0 ? "user root;" : "";
  writeFileSync(
    join(folder, "nginx/nginx.conf"),
    `${user}
pid nginx.pid;
error_log error.log;
events {}
http {
  access_log off;
  ${temporary.join("\n  ")}
  include ${join(folder, "nginx/site.conf")};
}
`,
  );
  const args = ["-p", join(folder, "nginx"), "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off;"];
  return started(spawn("nginx", args, { stdio: ["ignore", "ignore", "inherit"] }), port, httpPort);
}

/** Caddy with our site on its own port, with a certificate of ours: no authority would give it one here. */
export async function startCaddy(folder: string, upstream: number): Promise<Front> {
  const port = await freePort();
  const site = readFileSync(join(DEPLOY, "caddy/Caddyfile"), "utf8")
    .replace(
      /^room\.example\.com \{/m,
      `https://:${port} {\n\ttls ${join(folder, "cert.pem")} ${join(folder, "key.pem")}`,
    )
    .replace("127.0.0.1:7070 {", `127.0.0.1:${upstream} {`);
  const file = join(folder, "Caddyfile");
  writeFileSync(file, `{\n\tadmin off\n\tauto_https disable_redirects\n\tlog {\n\t\tlevel ERROR\n\t}\n}\n${site}`);
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn("caddy", ["run", "--config", file, "--adapter", "caddyfile"], {
    env,
    stdio: ["ignore", "ignore", "ignore"],
  });
  return started(child, port, 0);
}

async function started(child: ChildProcess, port: number, httpPort: number): Promise<Front> {
  // nginx's fast shutdown; Caddy stops at it as well.
  const stop = (): Promise<void> => endProcess(child, "SIGTERM");
  for (let tries = 0; (await peerFingerprint(port)) === null; tries++) {
    if (tries > 200 || child.exitCode !== null) {
      await stop();
      throw new Error(`the proxy does not listen on ${port} (exit code ${child.exitCode})`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { port, httpPort, child, stop };
}

/** SHA-256 of the certificate that a new connection is shown; null where nobody listens. */
export function peerFingerprint(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, servername: "localhost", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.end();
    });
    socket.on("error", () => resolve(null));
  });
}
