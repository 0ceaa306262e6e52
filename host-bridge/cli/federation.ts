// federation pair: what two servers need to trust each other, made on one side and taken over on the other.
import { randomBytes, X509Certificate } from "node:crypto";
import { mkdirSync } from "node:fs";
import { z } from "zod";
import { addressText, parseAddress } from "../config/address.ts";
import type { Config } from "../config/schema.ts";
import { describe, RoomError } from "../errors.ts";
import { fingerprintOf, openCertificate, readAuthorities } from "../federation/certificate.ts";
import { tryPeer } from "../federation/try-peer.ts";
import { configForClient } from "./config.ts";
import type { CliIo } from "./io.ts";
import { addressOption } from "./io.ts";
import type { AddCommands } from "./kit.ts";

interface Options {
  config?: string[];
  addr?: string;
  own?: string;
  code?: string;
  json?: boolean;
}

const PREFIX = "mcrf1_";

export const addFederation: AddCommands = (program, { io, configured }) => {
  const federation = program.command("federation").description("join servers");
  configured(federation.command("pair"))
    .description(
      "make what two servers need to trust each other; on the other one, take it over with --code and try it",
    )
    .argument("[name]", "the other server's name")
    .option("--addr <address>", "where the other server is reached, such as b.example.org:5001")
    .option("--own <address>", "where this one is reached")
    .option("--code <code>", "what the command printed on the other server")
    .option("--json", "machine readable output")
    .addHelpText("after", EXAMPLES)
    .action((name: string | undefined, options: Options) =>
      options.code === undefined ? make(name, options, io) : take(options.code, options, io),
    );
};

const EXAMPLES = `
Examples:
  at City A   meshcore-room federation pair "City B" --addr b.example.org:5001 --own a.example.org:5001
  at City B   meshcore-room federation pair --code mcrf1_...
Each prints what to add to its server's configuration; then reload it (SIGHUP).
`;

const pairing = z.object({
  name: z.string().min(1).max(200),
  addr: z.string(),
  secret: z.string().min(20).max(200),
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A new secret, for both sides. */
async function make(name: string | undefined, options: Options, io: CliIo): Promise<void> {
  if (name === undefined || options.addr === undefined || options.own === undefined) {
    const hint = 'meshcore-room federation pair "City B" --addr b.example.org:5001 --own a.example.org:5001';
    throw new RoomError("bad_usage", "federation pair", { expected: "a name, --addr and --own; or --code", hint });
  }
  const addr = addressText(addressOption(options.addr, "--addr"));
  const own = addressText(addressOption(options.own, "--own"));
  const { config } = configForClient(io, options.config);
  const secret = randomBytes(24).toString("base64url");
  const { fingerprint } = ownCertificate(config);
  const code =
    PREFIX + Buffer.from(JSON.stringify({ name: config.name, addr: own, secret, fingerprint })).toString("base64url");
  if (options.json) return io.out(`${JSON.stringify({ peer: { name, addr, secret }, code }, null, 2)}\n`);
  io.err("# Add this to the configuration of this server, and reload it:\n");
  io.out(yaml({ name, addr, secret }));
  io.err(`# Then, at ${JSON.stringify(name)} (whoever has this line has the secret):\n`);
  io.out(`meshcore-room federation pair --code ${code}\n`);
}

/** The other side's; says whether it works already. */
async function take(code: string, options: Options, io: CliIo): Promise<void> {
  const { name, addr, secret, fingerprint } = parseCode(code);
  const address = parseAddress(addr, 1);
  if (address === null) throw badCode();
  const { config } = configForClient(io, options.config);
  const { certificate } = ownCertificate(config);
  const peer = { name, addr, secret, fingerprint };
  const ca = config.federation.ca === null ? null : readAuthorities(config.federation.ca);
  const error = await tryPeer({ name, address, secret, fingerprint, blindHub: false }, certificate, ca);
  const found = error === null ? "it answers, with the right certificate, and has the secret" : describe(error);
  if (options.json) return io.out(`${JSON.stringify({ peer, works: error === null, found }, null, 2)}\n`);
  io.err("# Add this to the configuration of this server, and reload it:\n");
  io.out(yaml(peer));
  io.err(`# ${JSON.stringify(name)} at ${addr}: ${found}\n`);
  if (error === null) return;
  const isEarly = error.cause === "peer_untrusted";
  io.err(isEarly ? "# Try: add the peer over there first, and reload that server\n" : "# Try: meshcore-room doctor\n");
}

function ownCertificate(config: Config) {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const certificate = openCertificate(config.dataDir, config.federation.tls);
  return { certificate, fingerprint: fingerprintOf(new X509Certificate(certificate.cert).raw) };
}

function yaml(peer: Record<string, string>): string {
  const lines = Object.entries(peer).map(
    ([key, value], i) => `  ${i === 0 ? "-" : " "} ${key}: ${JSON.stringify(value)}`,
  );
  return `peers:\n${lines.join("\n")}\n`;
}

function parseCode(code: string): z.infer<typeof pairing> {
  try {
    if (!code.startsWith(PREFIX)) throw badCode();
    return pairing.parse(JSON.parse(Buffer.from(code.slice(PREFIX.length), "base64url").toString("utf8")));
  } catch {
    throw badCode();
  }
}

const badCode = (): RoomError =>
  new RoomError("bad_usage", "--code", {
    expected: `the whole code, which begins with ${PREFIX}`,
    found: "something else, or a part of it",
    hint: "copy the last line that the command printed on the other server",
  });
