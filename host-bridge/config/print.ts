// `run --print-config`: the configuration as the daemon takes it, each value with the place it came from, no secret in it.
import * as z from "zod";
import { HIDDEN, redact } from "../log.ts";
import { addressText } from "./address.ts";
import { unwrap } from "./key-walk.ts";
import { KEYS } from "./keys.ts";
import type { LoadedConfig } from "./load.ts";
import type { ConfigPath, Scalar, TableNode } from "./node.ts";
import { nodeAt, pathText, placeText, plain, SECRET_KEYS } from "./node.ts";
import type { Config } from "./schema.ts";

/** Where the comments begin, as far as the values leave room. */
const COMMENT_COLUMN = 48;

/** Defaults that depend on the machine or on other keys: the value, and on what. */
const COMPUTED: Record<string, (config: Config, at: number) => [value: unknown, why: string] | null> = {
  name: ({ name }) => [name, "the name of this machine"],
  data_dir: ({ dataDir }) => [dataDir, dataDir === "./data" ? "default" : "STATE_DIRECTORY"],
  "boards[].id": ({ boards }, at) => [boards[at].id, "from its port or model"],
  "boards[].ether": ({ boards }, at) => {
    const board = boards[at];
    return board.type === "sim" ? [addressText(board.ether), "default"] : null;
  },
  "radio.preset": ({ radio }) => [radio.preset, "default"],
  "radio.frequency_mhz": ({ radio }) => [radio.settings.freqHz / 1e6, "of the preset"],
  "radio.bandwidth_khz": ({ radio }) => [radio.settings.bwHz / 1e3, "of the preset"],
  "radio.spreading_factor": ({ radio }) => [radio.settings.sf, "of the preset"],
  "radio.coding_rate": ({ radio }) => [radio.settings.cr, "of the preset"],
  "radio.tx_power_dbm": ({ radio }) => [radio.settings.powerDbm, "default"],
  "radio.duty_cycle_percent": ({ radio }) => [radio.dutyCyclePercent, "for this frequency"],
  "federation.enabled": ({ federation }) => [
    federation.enabled,
    federation.enabled ? "there are peers, or blind_hub" : "no peers",
  ],
  "mqtt.enabled": ({ mqtt }) => [mqtt.enabled, mqtt.enabled ? "there is a broker" : "no broker"],
  "clients.auth": ({ clients }) => [
    clients.auth,
    clients.auth === "required" ? "listen is open to others" : "listen is for this machine only",
  ],
};

/** YAML that loads again with the secrets put back in. Ends with a newline. */
export function printConfig({ config, root }: LoadedConfig): string {
  const files = config.files.length === 0 ? "no file" : config.files.join(", ");
  const lines = [`# ${files}, with the environment and the defaults. Secrets are hidden.`];
  const printer = new Printer(config, root, lines);
  for (const [section, schema] of Object.entries(KEYS)) printer.key([section], section, schema, "");
  return `${lines.join("\n")}\n`;
}

class Printer {
  private readonly config: Config;
  private readonly root: TableNode;
  private readonly lines: string[];

  constructor(config: Config, root: TableNode, lines: string[]) {
    this.config = config;
    this.root = root;
    this.lines = lines;
  }

  /** One key with all that is below it. `lead` is what stands before it: spaces, or `- `. */
  key(path: ConfigPath, name: string, schema: z.core.$ZodType, lead: string): void {
    const indent = " ".repeat(lead.length);
    const node = nodeAt(this.root, path);
    const inner = unwrap(schema, node === undefined ? undefined : plain(node));
    if (inner instanceof z.ZodObject) {
      // A table that is absent and has no defaults (tls, a board's own radio).
      if (schema instanceof z.ZodOptional && node === undefined) this.line(`${lead}# ${name}:`, "not set");
      else {
        this.line(`${lead}${name}:`, null);
        this.table(path, inner, `${indent}  `);
      }
    } else if (inner instanceof z.ZodArray) {
      const items = node?.kind === "list" ? node.items : [];
      this.line(items.length > 0 ? `${lead}${name}:` : `${lead}${name}: []`, items.length > 0 ? null : "default");
      for (const [at, item] of items.entries()) {
        const element = unwrap(inner.element, plain(item));
        if (element instanceof z.ZodObject) this.table([...path, at], element, `${indent}  - `);
        else if (item.kind === "scalar") this.line(`${indent}  - ${scalarText(item.value)}`, placeText(item));
      }
    } else {
      this.single(path, name, schema, lead);
    }
  }

  private table(path: ConfigPath, schema: z.ZodObject, lead: string): void {
    let before = lead;
    for (const [name, below] of Object.entries(schema.shape as z.core.$ZodLooseShape)) {
      this.key([...path, name], name, below, before);
      before = " ".repeat(lead.length);
    }
  }

  private single(path: ConfigPath, name: string, schema: z.core.$ZodType, lead: string): void {
    const node = nodeAt(this.root, path);
    if (node?.kind === "scalar" && node.value !== null) {
      // The value read from it stands under the key itself.
      if (SECRET_KEYS.some((key) => name === `${key}_file`))
        this.line(`${lead}# ${name}: ${scalarText(node.value)}`, placeText(node));
      else this.line(`${lead}${name}: ${this.valueText(name, node.value)}`, placeText(node));
      return;
    }
    const computed = COMPUTED[pathText(path).replace(/\[\d+\]/g, "[]")]?.(this.config, Number(path[1]));
    const fallback =
      schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
    if (computed) this.line(`${lead}${name}: ${scalarText(computed[0] as Scalar)}`, computed[1]);
    else if (fallback !== undefined) this.line(`${lead}${name}: ${scalarText(fallback as Scalar)}`, "default");
    else this.line(`${lead}# ${name}:`, "not set");
  }

  private valueText(name: string, value: Scalar): string {
    if (SECRET_KEYS.includes(name) && value !== "") return scalarText(HIDDEN);
    return scalarText(redact(value) as Scalar);
  }

  private line(text: string, comment: string | null): void {
    this.lines.push(comment === null ? text : `${text.padEnd(COMMENT_COLUMN)} # ${comment}`);
  }
}

/** JSON's form of a value is YAML's as well, control characters included. */
const scalarText = (value: Scalar): string =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
