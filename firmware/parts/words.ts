/** [first word, the rest]; a name with spaces stands in double quotes. */
export function splitWord(text: string): [string, string] {
  const quoted = text.charAt(0) === '"' ? text.indexOf('"', 1) : -1;
  if (quoted > 0) return [text.substring(1, quoted), text.substr(quoted + 1).trim()];
  const space = text.indexOf(" ");
  return space < 0 ? [text, ""] : [text.substring(0, space), text.substr(space + 1).trim()];
}
