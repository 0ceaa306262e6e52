// Which part does which command: the one place that knows.

/**
 * The commands that begin with three letters, as `begin=part` in front of which a `\n` stands: a command is the first of these that it
 * begins with, as in MeshCore's CommonCLI and in its order. `$` stands for the end of a word. Parts by number as in Console.load().
 * By letters, for Espruino takes its time with each character that it looks through.
 */
export function commandsWith(letters: string): string {
  switch (letters) {
    case "adv":
      return "\nadvert.zerohop$=8\nadvert=8";
    case "boa":
      return "\nboard=0";
    case "cle":
      return "\nclear stats=1";
    case "clk":
      return "\nclkreboot=0";
    case "clo":
      return "\nclock sync=0\nclock=0";
    case "era":
      return "\nerase$=0";
    case "err":
      return "\nerrors$=1";
    case "get":
      return "\nget =4";
    case "hel":
      return "\nhelp$=6";
    case "his":
      return "\nhistory$=2";
    case "log":
      return "\nlog=0";
    case "nei":
      return "\nneighbors=8\nneighbor.remove =8";
    case "pas":
      return "\npassword =0";
    case "pow":
      return "\npoweroff=0\npowersaving on=0\npowersaving off=0\npowersaving=0";
    case "reb":
      return "\nreboot=0";
    case "reg":
      return "\nregion=7";
    case "roo":
      return "\nrooms$=2\nroom add$=2\nroom remove$=2\nroom.post=3";
    case "say":
      return "\nsay$=3";
    case "sen":
      return "\nsensor get =0\nsensor set =0\nsensor list=0";
    case "set":
      return "\nset =5\nsetperm =0";
    case "shu":
      return "\nshutdown=0";
    case "sta":
      return "\nstats-packets$=1\nstats-radio$=1\nstats-core$=1\nstart ota=0";
    case "tem":
      return "\ntempradio =9";
    case "tim":
      return "\ntime =0";
    case "ver":
      return "\nver=0";
  }
  return "";
}

/** The part of `public.key` and `prv.key`, to which `get` and `set` pass them on. */
export const KEYS_PART = 8;

/** [part, name, what follows] of the command in `line`; a name of "" when there is none. */
export function findCommand(line: string): [number, string, string] {
  const table = commandsWith(line.substr(0, 3));
  for (let at = table ? 0 : -1; at >= 0; at = table.indexOf("\n", at + 1)) {
    const equals = table.indexOf("=", at);
    const row = table.substring(at + 1, equals);
    const isWord = row.substr(row.length - 1) === "$";
    const name = isWord ? row.substr(0, row.length - 1) : row;
    if (line.substr(0, name.length) !== name) continue;
    const tail = line.substr(name.length);
    if (!(isWord && tail && tail.substr(0, 1) !== " "))
      return [parseInt(table.substr(equals + 1, 2), 10), name.trim(), tail.trim()];
  }
  return [0, "", line];
}
