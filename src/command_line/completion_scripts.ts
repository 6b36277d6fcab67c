/** Completion scripts of bash, zsh and fish for a list of commands. */
import type { CommandShape, OptionShape } from "./command_shape.ts";
import type { Completion } from "./option.ts";

export type Shell = "bash" | "zsh" | "fish";

/** The script for a shell. It is whole in itself: completing starts no program. */
export function completionScript(shell: Shell, commands: readonly CommandShape[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands);
}

function bashScript(commands: readonly CommandShape[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const cases = commands.flatMap(({ name, options, operands }) => [
    `    ${name})`,
    "      case $option in",
    ...groupedByCompletion(options).map(([patterns, completion]) =>
      `        ${patterns}) ${bashAssignments(completion)} ;;`
    ),
    `        *) ${bashAssignments(operands)} ;;`,
    "      esac",
    `      [[ $current == -* ]] && kind=words words="${
      options.map((option) => `--${option.name}`).join(" ")
    }" list= ;;`,
  ]);
  return `# Completion of seg for bash. Load it with: source <(seg completion bash)
# This line in ~/.bashrc keeps it.

_seg() {
  local current=\${COMP_WORDS[COMP_CWORD]} option=\${COMP_WORDS[COMP_CWORD - 1]} command= kind= words= list= head= line i
  COMPREPLY=()
  # Bash takes --option=value apart.
  if [[ $current == = ]]; then
    current=
  elif [[ $option == = ]]; then
    option=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} != -* ]]; then
      command=\${COMP_WORDS[i]}
      break
    fi
  done
  case $command in
    "") kind=words words="${names} help --help --version" ;;
    help) kind=words words="${names}" ;;
${cases.join("\n")}
  esac
  case $kind in
    words)
      [[ -n $list && $current == *,* ]] && head=\${current%,*},
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -P "$head" -W "$words" -- "\${current##*,}")
      ;;
    file | folder)
      compopt -o filenames 2>/dev/null
      [[ $kind == file ]] && kind=-f || kind=-d
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$kind" -- "$current")
      ;;
  esac
}

complete -F _seg seg
`;
}

/** Patterns of options with one kind of value: shell patterns such as `--net | --loss`. */
function groupedByCompletion(
  options: readonly OptionShape[],
): [patterns: string, completion: Completion | undefined][] {
  const groups = new Map<string, { names: string[]; completion: Completion | undefined }>();
  for (const { name, takesValue, completion } of options) {
    if (!takesValue) continue;
    const key = JSON.stringify(completion ?? null);
    const group = groups.get(key) ?? { names: [], completion };
    groups.set(key, group);
    group.names.push(`--${name}`);
  }
  return [...groups.values()].map(({ names, completion }) => [names.join(" | "), completion]);
}

function bashAssignments(completion: Completion | undefined): string {
  if (completion === undefined) return ":";
  if (typeof completion === "string") return `kind=${completion}`;
  const words = `kind=words words="${completion.words.join(" ")}"`;
  return completion.list === true ? `${words} list=1` : words;
}

function zshScript(commands: readonly CommandShape[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(":", "\\:")}`)}`);
  const cases = commands.flatMap(({ name, options, operands }) => [
    `    ${name})`,
    "      _arguments \\",
    ...options.map(({ name, description, takesValue, completion }) => {
      const value = takesValue ? `:value:${zshAction(completion)}` : "";
      return `        ${quoted(`--${name}${takesValue ? "=" : ""}[${zshText(description)}]${value}`)} \\`;
    }),
    `        ${quoted(`*:argument:${zshAction(operands)}`)}`,
    "      ;;",
  ]);
  return `#compdef seg
# Completion of seg for zsh. Load it with: source <(seg completion zsh)
# Or write it as _seg into a folder of $fpath.

_seg() {
  local -a commands
  commands=(
${described.join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local chosen=$words[2]
  shift words
  ((CURRENT--))
  case $chosen in
    help) _describe command commands ;;
${cases.join("\n")}
  esac
}

if [[ $funcstack[1] == _seg ]]; then
  _seg "$@"
else
  compdef _seg seg
fi
`;
}

function zshAction(completion: Completion | undefined): string {
  if (completion === undefined) return " ";
  if (completion === "file") return "_files";
  if (completion === "folder") return "_files -/";
  const words = completion.words.join(" ");
  return completion.list === true ? `_values -s , value ${words}` : `(${words})`;
}

// Brackets end a description of _arguments, and colons its parts.
function zshText(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}

function fishScript(commands: readonly CommandShape[]): string {
  const lines = commands.flatMap(({ name, summary, options, operands }) => {
    const seen = `complete -c seg -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    return [
      `complete -c seg -n __fish_use_subcommand -a ${name} -d ${fishQuoted(summary)}`,
      ...options.map((option) => {
        const value = option.takesValue ? ` ${fishValue(option.completion)}` : "";
        return `${seen} -l ${option.name}${value} -d ${fishQuoted(option.description)}`;
      }),
      ...(operands === undefined ? [] : [`${seen} ${fishOffer(operands)}`]),
    ];
  });
  return `# Completion of seg for fish. Load it with: seg completion fish | source
# Or write it to ~/.config/fish/completions/seg.fish.

complete -c seg -f
complete -c seg -n __fish_use_subcommand -l version -d 'show the version'
${lines.join("\n")}
`;
}

/** That an option takes a value, and which: `-r` any, with files among what is offered, `-x` what is offered alone. */
function fishValue(completion: Completion | undefined): string {
  if (completion === undefined) return "-x";
  return `${completion === "file" ? "-r" : "-x"} ${fishOffer(completion)}`;
}

function fishOffer(completion: Completion): string {
  if (completion === "file") return "-F";
  if (completion === "folder") return "-a '(__fish_complete_directories)'";
  const words = completion.words.join(" ");
  return completion.list === true ? `-a '(__fish_append , ${words})'` : `-a '${words}'`;
}

/** A word in single quotes for bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
