// Real NATS servers with JetStream on loopback, each in a process of its own, to be killed.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nkeys } from "@nats-io/transport-node";
import type { BackboneConfig } from "../../../host-bridge/config/schema.ts";
import { has } from "../../deploy/proxy.ts";
import { endProcess } from "../../end-process.ts";
import { freePort } from "../../simulator/tcp-station.ts";

export const noNats = has("nats-server", "--version") ? "" : " (nats-server not found)";

/** One nats-server; start() and kill() as often as wanted, on the same ports and directory. */
export class NatsServer {
  readonly port: number;
  /** Where it keeps its streams. */
  readonly dir: string;
  said = "";
  private readonly file: string;
  private child: ChildProcess | null = null;

  /** `more` is added to its configuration. */
  constructor(dir: string, port: number, more = "") {
    this.port = port;
    this.dir = join(dir, "streams");
    this.file = join(dir, "nats.conf");
    mkdirSync(dir, { recursive: true });
    writeFileSync(
      this.file,
      `listen: "127.0.0.1:${port}"
jetstream { store_dir: "${this.dir}", max_memory_store: 64MB, max_file_store: 1GB }
${more}
`,
    );
  }

  start(): void {
    const child = spawn("nats-server", ["-c", this.file], { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.on("data", (data: Buffer) => {
      this.said += data.toString();
    });
    this.child = child;
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.child?.kill(name);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const { child } = this;
    this.child = null;
    await endProcess(child, signal);
  }
}

/** Servers of one cluster; `more` is added to the configuration of each. */
export async function natsCluster(dir: string, count: number, more = ""): Promise<NatsServer[]> {
  const ports: [number, number][] = [];
  for (let i = 0; i < count; i++) ports.push([await freePort(), await freePort()]);
  const routes = ports.map(([, port]) => `"nats://127.0.0.1:${port}"`).join(", ");
  return ports.map(([port, inner], i) => {
    const cluster = `cluster { name: hub, listen: "127.0.0.1:${inner}", routes: [${routes}] }`;
    return new NatsServer(join(dir, `n${i}`), port, `server_name: n${i}\n${count > 1 ? cluster : ""}\n${more}`);
  });
}

export const backboneOf = (servers: NatsServer[], fields: Partial<BackboneConfig> = {}): BackboneConfig => ({
  ...{ servers: servers.map(({ port }) => ({ host: "127.0.0.1", port })), isTls: false },
  ...{ user: null, password: null, creds: null, tls: { ca: null, cert: null, key: null } },
  ...{ stream: "hub", replicas: servers.length, ...fields },
});

/** What an operator of NATS makes with nsc: the servers' part of the configuration, and the `.creds` file of one user. */
export function natsOperator(): { config: string; creds: string } {
  const [operator, account, system, user] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createUser(),
  ];
  // https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt
  const token = (issuer: nkeys.KeyPair, subject: nkeys.KeyPair, nats: object): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const [iss, sub] = [issuer.getPublicKey(), subject.getPublicKey()];
    const said = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part({ jti: sub, iat: 1_750_000_000, iss, sub, name: sub, nats })}`;
    return `${said}.${Buffer.from(issuer.sign(Buffer.from(said))).toString("base64url")}`;
  };
  const all = { subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1, wildcards: true };
  const limits = { ...all, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const accounts = [
    [account, token(operator, account, { type: "account", version: 2, limits })],
    [system, token(operator, system, { type: "account", version: 2, limits: all })],
  ] as const;
  const jwt = token(account, user, { type: "user", version: 2, subs: -1, data: -1, payload: -1 });
  const seed = new TextDecoder().decode(user.getSeed());
  return {
    config: `operator: "${token(operator, operator, { type: "operator", version: 2 })}"
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload { ${accounts.map(([key, text]) => `${key.getPublicKey()}: "${text}"`).join(", ")} }`,
    creds: `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`,
  };
}
