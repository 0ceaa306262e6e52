// The console's `region ...`, with the syntax and the answers of MeshCore (src/helpers/CommonCLI.cpp handleRegionCmd, RegionMap.cpp;
// `load` in examples/simple_room_server/MyMesh.cpp handleCommand).
import { REGION_DENY, type Regions } from "./regions.ts";

/** Characters of an answer. */
const MAX_ANSWER = 160;
const MAX_DEPTH = 7;
const UNKNOWN = "Err - unknown region";

/**
 * Does what follows the word `region` in `line`, and answers with one text, without the arrow; "" = say nothing. While
 * `map.loading` is there, `line` is a whole line as it was typed, with the blanks in front of it. `save` keeps the text of
 * Regions.save() over a reboot; false = it failed. The map may be another one afterwards: `replace` gets it. With
 * `later` a long answer is "" for now, and `later` gets what goes on with it, in a handler of its own.
 */
export function regionCommand(
  map: Regions,
  line: string,
  save: (text: string) => boolean,
  replace: (map: Regions) => void,
  later?: (what: () => string) => void,
): string {
  const keep = (): boolean => save(map.save());
  const bare = (name: string): string => (name.charAt(0) === "#" ? name.substr(1) : name);
  const mark = (row: number): string => (map.flags[row] & REGION_DENY ? "" : "F");

  /**
   * All names without `#`, a line each, with a line end before and behind each: searched by the engine, not by the interpreter. The
   * blank at the end is for Espruino, which finds there whatever begins with a line end.
   */
  const namesOf = (regions: Regions): string => ("\n" + regions.names.join("\n") + "\n ").split("\n#").join("\n");

  /** Row of a name, -1 = none. `isPrefix`: the beginning will do where nothing is called just so; the last one wins. */
  const find = (regions: Regions, wanted: string, isPrefix: boolean): number => {
    if (wanted === "*") return 0;
    const begin = "\n" + bare(wanted);
    const names = namesOf(regions);
    let at = names.indexOf(begin + "\n");
    if (at < 0 && isPrefix)
      for (let next = names.indexOf(begin); next >= 0; next = names.indexOf(begin, next + 1)) at = next;
    return at < 0 ? -1 : names.substr(0, at).split("\n").length - 1;
  };

  /** Adds a region or moves it; -1 when that cannot be. */
  const put = (regions: Regions, name: string, parent: number): number => {
    if (nameLength(name, 0) !== name.length) return -1;
    const row = find(regions, name, false);
    if (row < 0) return regions.add(name, parent, REGION_DENY) || -1;
    if (row === parent) return -1;
    regions.parents[row] = parent;
    return row;
  };

  const tree = (): string => {
    const names = namesOf(map).split("\n");
    const indents = [""];
    let text = "";
    let rows = [0];
    const more = (): string => {
      while (rows.length && text.length < MAX_ANSWER) {
        const row = rows.shift() as number;
        const below: number[] = [];
        text += indents[row] + names[row + 1] + (row === map.home ? "^" : "") + (mark(row) ? " F\n" : "\n");
        for (let i = map.parents.indexOf(row, 1); i > 0 && i < map.names.length; i = map.parents.indexOf(row, i + 1)) {
          below.push(i);
          indents[i] = indents[row] + " ";
        }
        if (below.length) rows = below.concat(rows);
        if (later) {
          later(more);
          return "";
        }
      }
      return text.substr(0, MAX_ANSWER - 1);
    };
    if (!later) return more();
    later(more);
    return "";
  };

  const list = (denied: number): string => {
    let text = "";
    for (let row = 0; row < map.names.length; row++) {
      const name = bare(map.names[row]);
      if ((map.flags[row] & REGION_DENY) === denied && text.length + name.length + 2 < MAX_ANSWER) text += name + ",";
    }
    return text ? text.substr(0, text.length - 1) : "-none-";
  };

  /** `def a b|jump c`: each below the one before, or below the one that was jumped to. */
  const define = (rest: string): string => {
    const tokens = rest.split(" ").filter((token) => !!token);
    if (!tokens.length) return "Err - empty def";
    let parent = 0;
    for (let i = 0; i < tokens.length; i++) {
      const parts = tokens[i].split(",").join("|").split("|");
      const name = parts[0];
      if (!name) return "Err - empty name";
      const jump = tokens[i].substr(name.length + 1);
      if (parts.length > 1 && !jump) return "Err - empty jump";
      const row = put(map, name, parent);
      if (row < 0) return "Err - put failed: " + name;
      map.flags[row] &= ~REGION_DENY;
      parent = parts.length > 1 ? find(map, jump, true) : row;
      if (parent < 0) return "Err - unknown jump: " + jump;
    }
    return tree();
  };

  const chooseScope = (name: string): string => {
    if (name === "<null>") {
      map.scope = 0;
      keep();
      return " default scope is now <null>";
    }
    let row = find(map, name, true);
    if (row < 0) row = put(map, name, 0);
    if (row < 0) return "Err - region table full";
    map.flags[row] &= ~REGION_DENY;
    map.scope = row;
    keep();
    return " default scope is now " + map.names[row];
  };

  /** A line of `load`: as many blanks as the region is deep, its name, and an F behind it where floods may pass. */
  const load = (next: Regions): string => {
    const text = line.split(" ").join("");
    if (!text) {
      map.loading = null;
      replace(next);
      return "OK - loaded " + (next.names.length - 1) + " regions";
    }
    let depth = 0;
    while (line.charAt(depth) === " ") depth++;
    const length = nameLength(line, depth);
    const parent = map.stack[depth - 1];
    if (!depth || depth > MAX_DEPTH || !length || parent === undefined) return "";
    const name = line.substr(depth, length);
    // What was known keeps its flag.
    const old = find(map, name, false);
    const isAllowed = old < 0 ? line.indexOf("F", depth + length) > 0 : !!mark(old);
    const row = put(next, name, parent);
    if (row < 0) return "";
    next.flags[row] = (next.flags[row] & ~REGION_DENY) | (isAllowed ? 0 : REGION_DENY);
    map.stack[depth] = row;
    return "";
  };

  if (map.loading) return load(map.loading);
  const words = line.split(" ");
  const name = words[1] || "";
  const isGiven = words[0] === "allowf" || words[0] === "denyf" || words[0] === "get" || words[0] === "home";
  const row = name && isGiven ? find(map, name, true) : -1;
  switch (words[0] + (name ? " x" : "")) {
    case "":
      return tree();
    case "load":
    case "load x":
      map.loading = map.empty();
      map.stack = [0];
      return "";
    case "save":
    case "save x":
      return keep() ? "OK" : "Err - save failed";
    case "allowf x":
      if (row < 0) return UNKNOWN;
      map.flags[row] &= ~REGION_DENY;
      return "OK";
    case "denyf x":
      if (row < 0) return UNKNOWN;
      map.flags[row] |= REGION_DENY;
      return "OK";
    case "get x": {
      if (row < 0) return UNKNOWN;
      const parent = map.parents[row];
      return " " + map.names[row] + (parent ? " (" + map.names[parent] + ") " : " ") + mark(row);
    }
    case "home x":
      if (row < 0) return UNKNOWN;
      map.home = row;
      return " home is now " + map.names[row];
    case "home":
      return " home is " + map.names[map.home];
    case "default x":
      return chooseScope(name);
    case "default":
      return " default scope is " + (map.scope ? map.names[map.scope] : "<null>");
    case "put x": {
      const parent = words[2] ? find(map, words[2], true) : 0;
      if (parent < 0) return "Err - unknown parent";
      const made = put(map, name, parent);
      if (made < 0) return "Err - unable to put";
      map.flags[made] &= ~REGION_DENY;
      return "OK - (flood allowed)";
    }
    case "remove x": {
      const exact = find(map, name, false);
      if (exact < 0) return "Err - not found";
      return map.remove(exact) ? "OK" : "Err - not empty";
    }
    case "list x":
      if (name === "allowed") return list(0);
      return name === "denied" ? list(REGION_DENY) : "Err - use 'allowed' or 'denied'";
    case "def":
    case "def x":
      return define(line.substr(3));
  }
  return "Err - ??";
}

/** How many characters from `at` on can be a name: letters, digits, `-`, `$`, `#` and all that lies above. */
function nameLength(text: string, at: number): number {
  let end = at;
  while (end < text.length) {
    const c = text.charCodeAt(end);
    if (c < 0x41 && c !== 0x2d && c !== 0x24 && c !== 0x23 && !(c >= 0x30 && c <= 0x39)) break;
    end++;
  }
  return end - at;
}
