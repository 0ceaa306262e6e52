// completion: what a shell offers after Tab. The scripts are made from the command table, so they cannot fall behind it.
import type { Command, Option } from "commander";
import { RoomError } from "../errors.ts";
import type { AddCommands } from "./kit.ts";

export const addCompletion: AddCommands = (program, { io }) => {
  program
    .command("completion")
    .description("print what makes a shell complete this command's words")
    .argument("<shell>", "bash, zsh or fish")
    .addHelpText("after", INSTALL)
    .action((shell: string) => {
      const script = SCRIPTS[shell];
      if (script !== undefined) return io.out(script(wordsOf(program)));
      throw new RoomError("bad_usage", "SHELL", {
        expected: "bash, zsh or fish",
        found: `"${shell}"`,
        hint: "meshcore-room completion bash",
      });
    });
};

const INSTALL = `
Examples:
  bash  meshcore-room completion bash > /etc/bash_completion.d/meshcore-room
  zsh   meshcore-room completion zsh > "\${fpath[1]}/_meshcore-room"
  fish  meshcore-room completion fish > ~/.config/fish/completions/meshcore-room.fish
`;

interface Words {
  /** The words before, such as "" or "token create". */
  path: string;
  commands: { name: string; about: string }[];
  options: { flag: string; about: string; takes: "" | "file" | "text" }[];
  /** The first argument is a room. */
  wantsRoom: boolean;
}

/** Every command of the program, the program itself first. */
function wordsOf(command: Command, path: string[] = []): Words[] {
  const commands = command.commands.map((child) => ({ name: child.name(), about: child.description() }));
  if (path.length === 0) commands.push({ name: "help", about: "show the help of a command" });
  const own: Words = {
    path: path.join(" "),
    commands,
    options: [...command.options.map(optionWord), { flag: "--help", about: "show help", takes: "" }],
    wantsRoom: command.registeredArguments[0]?.name() === "room",
  };
  return [own, ...command.commands.flatMap((child) => wordsOf(child, [...path, child.name()]))];
}

function optionWord(option: Option): Words["options"][number] {
  const takes = !option.required && !option.optional ? "" : /<(file|dir)>/.test(option.flags) ? "file" : "text";
  return { flag: option.long ?? option.flags, about: option.description, takes };
}

/** Asks a running daemon for its rooms; says nothing when there is none. */
const ROOMS = "meshcore-room rooms 2>/dev/null | cut -f1";

const SCRIPTS: Record<string, (words: Words[]) => string> = {
  bash: (words) => {
    const cases = words.map(({ path, commands, options }) => {
      const all = [...commands.map(({ name }) => name), ...options.map(({ flag }) => flag)];
      return `    ${quote(path)}) words="${all.join(" ")}" ;;`;
    });
    const rooms = words.filter(({ wantsRoom }) => wantsRoom).map(({ path }) => quote(path));
    const files = flagsThat(words, "file");
    const texts = flagsThat(words, "text");
    return `# bash completion of meshcore-room
_meshcore_room() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path="" args=0 words="" i word
  COMPREPLY=()
  case "$prev" in
    ${files.join("|")}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    ${texts.join("|")}) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      ${[...files, ...texts].join("|")}) ((i++)) ;;
      -*) ;;
      *) case "\${path:+$path }$word" in
           ${words
             .slice(1)
             .map(({ path }) => quote(path))
             .join("|")}) path="\${path:+$path }$word" ;;
           *) ((args++)) ;;
         esac ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  if [[ $cur != -* && $args == 0 ]]; then
    case "$path" in
      ${rooms.join("|")})
        # Names may have spaces, so each line is one word, quoted for the line.
        compopt -o filenames
        local IFS=$'\\n' room
        for room in $(${ROOMS}); do [[ $room == "$cur"* ]] && COMPREPLY+=("$room"); done
        return ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _meshcore_room meshcore-room
`;
  },
  zsh: (words) => {
    const cases = words.map(({ path, commands, options, wantsRoom }) => {
      const flags = options.map(({ flag, about, takes }) => {
        const value = takes === "" ? "" : takes === "file" ? ":file:_files" : ":value: ";
        return `      ${quote(`*${flag}[${about.replace(/[[\]:]/g, " ")}]${value}`)}`;
      });
      if (commands.length > 0) {
        const list = commands.map(({ name, about }) => quote(`${name}:${about.replace(/:/g, " ")}`)).join(" ");
        return `    ${quote(path)})
      local -a commands=(${list})
      _describe command commands
      _arguments -S \\\n${flags.join(" \\\n")} ;;`;
      }
      const rest = wantsRoom ? ` \\\n      '1:room:_meshcore_room_rooms' '*: '` : "";
      return `    ${quote(path)}) _arguments -S \\\n${flags.join(" \\\n")}${rest} ;;`;
    });
    return `#compdef meshcore-room
_meshcore_room_rooms() {
  local -a rooms=("\${(@f)$(${ROOMS})}")
  compadd -a rooms
}
_meshcore_room() {
  local at="" i=2 word
  while (( i < CURRENT )); do
    word="\${words[i]}"
    case "\${at:+$at }$word" in
      ${words
        .slice(1)
        .map(({ path }) => quote(path))
        .join("|")}) at="\${at:+$at }$word"; shift words; (( CURRENT-- )) ;;
      *) break ;;
    esac
  done
  case "$at" in
${cases.join("\n")}
  esac
}
_meshcore_room "$@"
`;
  },
  fish: (words) => {
    const lines = words.flatMap(({ path, commands, options, wantsRoom }) => {
      const when = `-n ${quote(path === "" ? "__meshcore_room_at" : `__meshcore_room_at ${path}`)}`;
      const line = (rest: string): string => `complete -c meshcore-room ${when} ${rest}`;
      return [
        ...commands.map(({ name, about }) => line(`-a ${quote(name)} -d ${quote(about)}`)),
        ...options.map(({ flag, about, takes }) => {
          const value = takes === "" ? "" : takes === "file" ? " -r -F" : " -x";
          return line(`-l ${flag.replace(/^--/, "")} -d ${quote(about)}${value}`);
        }),
        ...(wantsRoom ? [line(`-a ${quote(`(${ROOMS})`)} -d room`)] : []),
      ];
    });
    return `# fish completion of meshcore-room
function __meshcore_room_at
    set -l words (commandline -opc)[2..-1]
    set -l path
    set -l known ${words
      .slice(1)
      .map(({ path }) => quote(path))
      .join(" ")}
    for word in $words
        contains -- (string join ' ' $path $word) $known; and set -a path $word
    end
    test (string join ' ' $path) = (string join ' ' $argv)
end
complete -c meshcore-room -f
${lines.join("\n")}
`;
  },
};

/** Flags that take a value of that kind in any command. `--config` and `--help` mean the same everywhere. */
function flagsThat(words: Words[], takes: "file" | "text"): string[] {
  const found = words.flatMap(({ options }) => options.filter((option) => option.takes === takes));
  return [...new Set(found.map(({ flag }) => flag))];
}

const quote = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;
