#include "agent/options/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/options/flags.h"
#include "agent/options/subcommands.h"

namespace hostnet {
namespace {

// The values that an option or a flag takes.
struct Completed {
  std::string name;  // "--format"
  std::string help;
  bool value{}, file{};
  std::vector<std::string> choices;
};

std::vector<std::string> choices_of(std::string_view option) {
  if (option == "--format" || option == "--output") return {kFormats.begin(), kFormats.end()};
  if (option == "--color") return {kColors.begin(), kColors.end()};
  return {};
}

bool takes_a_file(std::string_view name) {
  return name.starts_with("--path.") || name == "--replay" || name == "--file" ||
         name == "--kubeconfig" || name.ends_with(".file") || name.ends_with("-file") ||
         name.ends_with("-folder") || name == "--pods.manifests" || name == "--pods.kubeconfig";
}

std::vector<Completed> options_of(const CLI::App& command) {
  std::vector<Completed> options;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const std::string dashed = "--" + name;
      options.push_back({.name = dashed,
                         .help = option->get_description(),
                         .value = option->get_items_expected_max() > 0,
                         .file = takes_a_file(dashed),
                         .choices = choices_of(dashed)});
    }
  }
  return options;
}

std::vector<Completed> flags_for_all() {
  std::vector<Completed> flags;
  for (const Flag& flag : all_flags()) {
    const std::string name = "--" + flag.name;
    const bool value = flag.kind != Flag::Kind::boolean;
    flags.push_back({.name = name,
                     .help = flag.help,
                     .value = value,
                     .file = takes_a_file(name),
                     .choices = flag.choices});
    if (!value) flags.push_back({.name = "--no-" + flag.name, .help = "not: " + flag.help});
  }
  return flags;
}

std::vector<std::string> names_of(const std::vector<Completed>& options) {
  std::vector<std::string> names;
  for (const Completed& option : options) names.push_back(option.name);
  return names;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const Subcommand& command : all_subcommands()) names.emplace_back(command.name);
  return names;
}

// Every option and flag once, to complete its values.
std::vector<Completed> with_values(const CLI::App& app) {
  std::vector<Completed> all = flags_for_all();
  for (const CLI::App* command : app.get_subcommands({})) {
    for (Completed& option : options_of(*command)) all.push_back(std::move(option));
  }
  std::ranges::stable_sort(all, {}, &Completed::name);
  const auto repeated = std::ranges::unique(all, {}, &Completed::name);
  all.erase(repeated.begin(), repeated.end());
  return all;
}

std::string bash_script(const CLI::App& app) {
  std::string values;
  std::vector<std::string> files{"-f"};
  for (const Completed& option : with_values(app)) {
    if (!option.choices.empty()) {
      const std::string_view too = option.name == "--output" ? "-o|" : "";
      values += fmt::format("    {}{}) COMPREPLY=($(compgen -W '{}' -- \"$cur\")); return ;;\n",
                            too, option.name, fmt::join(option.choices, " "));
    } else if (option.file) {
      files.push_back(option.name);
    }
  }
  std::string own;
  for (const CLI::App* command : app.get_subcommands({})) {
    own += fmt::format("    {}) words='{}' ;;\n", command->get_name(),
                       fmt::join(names_of(options_of(*command)), " "));
  }
  return fmt::format(
      R"script(# bash completion of hostnet-agent:  source <(hostnet-agent completion bash)
_hostnet_agent() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} flag=${{COMP_WORDS[COMP_CWORD-1]}} command='' words='' i
  # bash takes --flag=value apart at the equals sign
  if [ "$cur" = "=" ]; then
    cur=''
  elif [ "$flag" = "=" ]; then
    flag=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case " {0} " in *" ${{COMP_WORDS[i]}} "*) command=${{COMP_WORDS[i]}}; break ;; esac
  done
  COMPREPLY=()
  case $flag in
{1}    {2}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  esac
  case $command in
    '') words='{0} --help --version' ;;
{3}  esac
  case $cur in
    -*) COMPREPLY=($(compgen -W "$words {4}" -- "$cur")) ;;
    *)
      case $command in
        '') COMPREPLY=($(compgen -W '{0}' -- "$cur")) ;;
        completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur")) ;;
        help) COMPREPLY=($(compgen -W '{0}' -- "$cur")) ;;
        record) COMPREPLY=($(compgen -d -- "$cur")) ;;
        check) COMPREPLY=($(compgen -f -- "$cur")) ;;
      esac ;;
  esac
}}
complete -o filenames -F _hostnet_agent hostnet-agent
)script",
      fmt::join(command_names(), " "), values, fmt::join(files, "|"), own,
      fmt::join(names_of(flags_for_all()), " "));
}

// Escapes for single quotes, and for the brackets of an _arguments specification.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_specification(const Completed& option) {
  const std::string help = zsh_text(option.help);
  if (!option.value) return fmt::format("'*{}[{}]'", option.name, help);
  const std::string what = option.choices.empty()
                               ? std::string(option.file ? "_files" : " ")
                               : fmt::format("({})", fmt::join(option.choices, " "));
  return fmt::format("'*{}=[{}]:value:{}'", option.name, help, what);
}

std::string zsh_list(const std::vector<Completed>& options) {
  std::string list;
  for (const Completed& option : options) list += "    " + zsh_specification(option) + "\n";
  return list;
}

std::string_view zsh_words_of(std::string_view command) {
  if (command == "completion") return "'1:shell:(bash zsh fish)'";
  if (command == "check") return "'*:manifest:_files'";
  if (command == "record") return "'1:directory:_files -/'";
  return "'*:word: '";
}

std::string zsh_script(const CLI::App& app) {
  std::string commands, own;
  for (const Subcommand& command : all_subcommands()) {
    commands += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.help));
  }
  for (const CLI::App* command : app.get_subcommands({})) {
    own += fmt::format("    {}) own=({}\n{}    ) ;;\n", command->get_name(),
                       zsh_words_of(command->get_name()), zsh_list(options_of(*command)));
  }
  return fmt::format(R"script(#compdef hostnet-agent
# zsh completion of hostnet-agent:  source <(hostnet-agent completion zsh)
_hostnet_agent() {{
  local -a commands flags own
  commands=(
{0}  )
  flags=(
{1}  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  case $words[2] in
{2}    *) own=('1:command:->command') ;;
  esac
  shift words
  (( CURRENT-- ))
  _arguments $own $flags
}}
compdef _hostnet_agent hostnet-agent
)script",
                     commands, zsh_list(flags_for_all()), own);
}

std::string fish_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string fish_line(const Completed& option, std::string_view condition) {
  std::string line =
      fmt::format("complete -c hostnet-agent{} -l {}", condition, option.name.substr(2));
  if (!option.choices.empty()) {
    line += fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
  } else if (option.value) {
    line += option.file ? " -r -F" : " -x";
  }
  return line + fmt::format(" -d '{}'\n", fish_text(option.help));
}

std::string fish_script(const CLI::App& app) {
  std::string script =
      "# fish completion of hostnet-agent:  hostnet-agent completion fish | source\n"
      "complete -c hostnet-agent -f\n";
  for (const Subcommand& command : all_subcommands()) {
    script += fmt::format("complete -c hostnet-agent -n __fish_use_subcommand -a {} -d '{}'\n",
                          command.name, fish_text(command.help));
  }
  for (const CLI::App* command : app.get_subcommands({})) {
    const std::string condition =
        fmt::format(" -n '__fish_seen_subcommand_from {}'", command->get_name());
    for (const Completed& option : options_of(*command)) script += fish_line(option, condition);
  }
  script +=
      "complete -c hostnet-agent -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n"
      "complete -c hostnet-agent -n '__fish_seen_subcommand_from check record' -F\n";
  for (const Completed& flag : flags_for_all()) script += fish_line(flag, "");
  return script;
}

}  // namespace

std::string completion_script(std::string_view shell, const CLI::App& app) {
  if (shell == "bash") return bash_script(app);
  if (shell == "zsh") return zsh_script(app);
  if (shell == "fish") return fish_script(app);
  return "";
}

}  // namespace hostnet
