// The console's `region ...`, with the syntax and the answers of MeshCore (src/helpers/CommonCLI.cpp handleRegionCmd, RegionMap.cpp;
// `load` in examples/simple_room_server/MyMesh.cpp handleCommand).
import { REGION_DENY, type Regions } from "./regions.ts";

/** Characters of an answer. */
const MAX_ANSWER = 160;
const MAX_DEPTH = 7;
/** Rows that one handler saves or lists. */
const SAVED_AT_ONCE = 6;
const LISTED_AT_ONCE = 6;
/** What a name may have of the characters below the letters. */
const LOW = "-$#0123456789";
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
  /** What goes on in another handler, where there are any. */
  const step = (what: () => string): string => {
    if (!later) return what();
    later(what);
    return "";
  };
  /** Saves the map, some rows in each handler, and answers with what `then` makes of whether that worked. */
  const keep = (then: (isKept: boolean) => string): string => {
    let text = "";
    let row = 0;
    const more = (): string => {
      text += map.save(row, row + SAVED_AT_ONCE);
      row += SAVED_AT_ONCE;
      return row < map.names.length ? step(more) : step(() => then(save(text)));
    };
    return step(more);
  };
  const bare = (name: string): string => (name.charAt(0) === "#" ? name.substr(1) : name);
  const mark = (row: number): string => (map.flags[row] & REGION_DENY ? "" : "F");

  /** Row of a name with or without `#`, -1 = none. Searched by the engine, not by the interpreter. */
  const find = (regions: Regions, wanted: string): number => {
    const name = bare(wanted);
    return wanted === "*" ? 0 : Math.max(regions.names.indexOf(name), regions.names.indexOf("#" + name));
  };

  /** Goes on with the row; where nothing is called just so the beginning will do, and the last one wins. */
  const findAny = (wanted: string, then: (row: number) => string): string =>
    step(() => {
      const exact = find(map, wanted);
      if (exact >= 0) return then(exact);
      const names = map.names;
      const name = bare(wanted);
      // The last one first. The blank at the end is for Espruino, which finds there whatever begins with a line end.
      const text = "\n" + names.slice(0).reverse().join("\n") + "\n ";
      const at = text.indexOf("\n" + name);
      return step(() => {
        const tagged = text.indexOf("\n#" + name);
        const from = (at < 0 || (tagged >= 0 && tagged < at) ? tagged : at) + 1;
        return then(from ? names.indexOf(text.substring(from, text.indexOf("\n", from))) : -1);
      });
    });

  /** True for letters, digits, `-`, `$`, `#` and all that lies above. The engine looks through them, not the interpreter. */
  const isName = (name: string): boolean => {
    let rest = name;
    for (let i = 0; i < LOW.length; i++) {
      const low = LOW.charAt(i);
      if (rest.indexOf(low) >= 0) rest = rest.split(low).join("");
    }
    return !rest || Math.min.apply(null, map.hal.toBytes(rest) as unknown as number[]) >= 0x41;
  };

  /** Adds a region or moves that in `row`; -1 when that cannot be. */
  const putAt = (regions: Regions, name: string, parent: number, row: number): number => {
    if (row < 0) return regions.add(name, parent, REGION_DENY) || -1;
    if (row === parent) return -1;
    regions.parents[row] = parent;
    return row;
  };

  /** The same for one that may be there or not; goes on with the row. */
  const put = (regions: Regions, name: string, parent: number, then: (row: number) => string): string =>
    step(() => {
      if (!isName(name)) return then(-1);
      return step(() => {
        const row = find(regions, name);
        return step(() => then(putAt(regions, name, parent, row)));
      });
    });

  const isRow = (row: number): boolean => row > 0 && row < map.names.length;

  const tree = (): string => {
    const parents = map.parents;
    let text = "";
    let indent = "";
    let row = 0;
    const more = (): string => {
      text += indent + bare(map.names[row]) + (row === map.home ? "^" : "") + (mark(row) ? " F\n" : "\n");
      // The first one below it; else the next one beside it, or beside one above.
      let next = parents.indexOf(row, 1);
      if (isRow(next)) indent += " ";
      while (row && !isRow(next)) {
        next = parents.indexOf(parents[row], row + 1);
        if (isRow(next)) break;
        row = parents[row];
        indent = indent.substr(1);
      }
      row = next;
      return isRow(row) && text.length < MAX_ANSWER ? step(more) : text.substr(0, MAX_ANSWER - 1);
    };
    return step(more);
  };

  const list = (denied: number): string => {
    let text = "";
    let row = 0;
    const more = (): string => {
      for (let left = LISTED_AT_ONCE; left && row < map.names.length; left--) {
        const name = bare(map.names[row]);
        if ((map.flags[row] & REGION_DENY) === denied && text.length + name.length + 2 < MAX_ANSWER) text += name + ",";
        row++;
      }
      if (row < map.names.length) return step(more);
      return text ? text.substr(0, text.length - 1) : "-none-";
    };
    return step(more);
  };

  /** `def a b|jump c`: each below the one before, or below the one that was jumped to. */
  const define = (rest: string): string => {
    const tokens = rest.split(" ").filter((token) => !!token);
    if (!tokens.length) return "Err - empty def";
    const next = (i: number, parent: number): string => {
      if (i === tokens.length) return tree();
      const parts = tokens[i].split(",").join("|").split("|");
      const name = parts[0];
      if (!name) return "Err - empty name";
      const jump = tokens[i].substr(name.length + 1);
      if (parts.length > 1 && !jump) return "Err - empty jump";
      return put(map, name, parent, (row) => {
        if (row < 0) return "Err - put failed: " + name;
        map.flags[row] &= ~REGION_DENY;
        if (parts.length < 2) return next(i + 1, row);
        return findAny(jump, (below) => (below < 0 ? "Err - unknown jump: " + jump : next(i + 1, below)));
      });
    };
    return next(0, 0);
  };

  const chooseScope = (name: string): string => {
    if (name === "<null>") {
      map.scope = 0;
      return keep(() => " default scope is now <null>");
    }
    const choose = (row: number): string => {
      if (row < 0) return "Err - region table full";
      map.flags[row] &= ~REGION_DENY;
      map.scope = row;
      return keep(() => " default scope is now " + map.names[row]);
    };
    return findAny(name, (known) => (known < 0 ? put(map, name, 0, choose) : choose(known)));
  };

  const ofRow = (command: string, row: number): string => {
    if (row < 0) return UNKNOWN;
    if (command === "home") {
      map.home = row;
      return " home is now " + map.names[row];
    }
    if (command === "get") {
      const parent = map.parents[row];
      return " " + map.names[row] + (parent ? " (" + map.names[parent] + ") " : " ") + mark(row);
    }
    if (command === "denyf") map.flags[row] |= REGION_DENY;
    else map.flags[row] &= ~REGION_DENY;
    return "OK";
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
    const blank = line.indexOf(" ", depth);
    const word = blank < 0 ? line.substr(depth) : line.substring(depth, blank);
    const length = isName(word) ? word.length : nameLength(line, depth);
    const parent = map.stack[depth - 1];
    if (!depth || depth > MAX_DEPTH || !length || parent === undefined) return "";
    const name = line.substr(depth, length);
    // What was known keeps its flag.
    const old = find(map, name);
    const isAllowed = old < 0 ? line.indexOf("F", depth + length) > 0 : !!mark(old);
    return put(next, name, parent, (row) => {
      if (row < 0) return "";
      next.flags[row] = (next.flags[row] & ~REGION_DENY) | (isAllowed ? 0 : REGION_DENY);
      map.stack[depth] = row;
      return "";
    });
  };

  if (map.loading) return load(map.loading);
  const words = line.split(" ");
  const name = words[1] || "";
  const command = words[0];
  if (name && (command === "allowf" || command === "denyf" || command === "get" || command === "home"))
    return findAny(name, (row) => ofRow(command, row));
  switch (command + (name ? " x" : "")) {
    case "":
      return tree();
    case "load":
    case "load x":
      map.loading = map.empty();
      map.stack = [0];
      return "";
    case "save":
    case "save x":
      return keep((isKept) => (isKept ? "OK" : "Err - save failed"));
    case "home":
      return " home is " + map.names[map.home];
    case "default x":
      return chooseScope(name);
    case "default":
      return " default scope is " + (map.scope ? map.names[map.scope] : "<null>");
    case "put x": {
      const place = (parent: number): string => {
        if (parent < 0) return "Err - unknown parent";
        return put(map, name, parent, (made) => {
          if (made < 0) return "Err - unable to put";
          map.flags[made] &= ~REGION_DENY;
          return "OK - (flood allowed)";
        });
      };
      return words[2] ? findAny(words[2], place) : place(0);
    }
    case "remove x": {
      const exact = find(map, name);
      if (exact < 0) return "Err - not found";
      return step(() => (map.remove(exact) ? "OK" : "Err - not empty"));
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
