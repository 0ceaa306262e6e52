// Which part does which command: the one place that knows.

/**
 * Lines as `begin=part`: a command is the first of these that it begins with, as MeshCore's CommonCLI has it, and in its order.
 * `$` stands for the end of a word. Parts by number as in Console.load().
 */
export const COMMANDS =
  "\npoweroff=0\nshutdown=0\nreboot=0\nclkreboot=0\nclock sync=0\nstart ota=0\nclock=0\ntime =0\nver=0\nboard=0" +
  "\npassword =0\nsetperm =0\nget acl$=0\nsensor get =0\nsensor set =0\nsensor list=0" +
  "\npowersaving on=0\npowersaving off=0\npowersaving=0\nlog=0" +
  "\nclear stats=1\nstats-packets$=1\nstats-radio$=1\nstats-core$=1" +
  "\nrooms$=2\nroom add$=2\nroom remove$=2\nhistory$=2" +
  "\nsay$=3\nroom.post=3" +
  "\nget =4\nset =5\nhelp$=6\nregion=7\n";

/** [part, name, what follows] of the command in `line`; a name of "" when there is none. */
export function findCommand(line: string): [number, string, string] {
  const start = "\n" + line.substr(0, 2);
  for (let at = COMMANDS.indexOf(start); at >= 0; at = COMMANDS.indexOf(start, at + 1)) {
    const equals = COMMANDS.indexOf("=", at);
    const row = COMMANDS.substring(at + 1, equals);
    const isWord = row.substr(row.length - 1) === "$";
    const name = isWord ? row.substr(0, row.length - 1) : row;
    const tail = line.substr(name.length);
    if (line.substr(0, name.length) === name && !(isWord && tail && tail.charAt(0) !== " "))
      return [parseInt(COMMANDS.substr(equals + 1, 2), 10), name.trim(), tail.trim()];
  }
  return [0, "", line];
}
