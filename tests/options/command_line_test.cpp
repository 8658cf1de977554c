#include "agent/options/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace hostnet {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Variables = std::map<std::string, std::string>;

std::expected<CommandLine, UsageError> parse(std::vector<std::string> arguments,
                                             const Variables& variables = {}) {
  return parse_command_line(arguments, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

std::string refusal(std::vector<std::string> arguments, const Variables& variables = {}) {
  const auto line = parse(std::move(arguments), variables);
  return line ? "" : line.error().message;
}

TEST(CommandLine, WithoutWordsItServesWithTheDefaults) {
  const auto line = parse({}).value();
  EXPECT_EQ(line.command, Command::serve);
  EXPECT_THAT(line.serve.web.listen, ElementsAre(":20000"));
  EXPECT_EQ(line.serve.watch_interval, 1s);
  EXPECT_EQ(line.serve.sources.pods.start_spread, 5s);
  EXPECT_EQ(line.serve.reserver.release_after, 5min);
  EXPECT_EQ(line.serve.web.details, Details::loopback);
  EXPECT_TRUE(line.serve.metrics.exporter_metrics);
  EXPECT_FALSE(line.serve.sources.pods.one_shot);
}

TEST(CommandLine, TheCommandLineWinsOverTheEnvironmentAndThatOverTheDefault) {
  const Variables variables{{"HOSTNET_WATCH_INTERVAL", "2s"}, {"HOSTNET_PODS_INTERVAL", "7s"}};
  const auto line = parse({"--watch.interval=500ms"}, variables).value();
  EXPECT_EQ(line.serve.watch_interval, 500ms);
  EXPECT_EQ(line.serve.sources.pods.interval, 7s);
  EXPECT_EQ(line.serve.sources.pods.retry, 800ms);
}

TEST(CommandLine, DurationsAreWrittenAsInGo) {
  EXPECT_EQ(parse({"--fix.release-after=1h30m"})->serve.reserver.release_after, 90min);
  EXPECT_EQ(parse({"--pods.start-spread=0s"})->serve.sources.pods.start_spread, 0s);
  EXPECT_EQ(refusal({"--watch.interval=0s"}),
            "--watch.interval: '0s' is not a duration of 1ms or more, such as 500ms, 30s, 1h30m");
  EXPECT_THAT(refusal({"--pods.start-spread=soon"}), HasSubstr("'soon' is not a duration"));
}

TEST(CommandLine, OfManyValuesAFlagHasTheLastAndAListAll) {
  const auto line = parse({"--web.max-requests=1", "--web.max-requests=2",
                           "--web.listen-address=:1", "--web.listen-address=[::1]:2"})
                        .value();
  EXPECT_EQ(line.serve.web.max_requests, 2);
  EXPECT_THAT(line.serve.web.listen, ElementsAre(":1", "[::1]:2"));
  EXPECT_THAT(parse({}, {{"HOSTNET_WEB_LISTEN_ADDRESS", ":3,:4"}})->serve.web.listen,
              ElementsAre(":3", ":4"));
  EXPECT_THAT(refusal({}, {{"HOSTNET_WEB_LISTEN_ADDRESS", ""}}), HasSubstr("listen-address"));
}

TEST(CommandLine, ACollectorIsOnByItsFlagOrByDefault) {
  const auto defaults = parse({})->serve.metrics.collectors;
  EXPECT_TRUE(defaults.contains("netdev"));
  const auto some = parse({"--collector.disable-defaults", "--collector.netdev"}).value();
  EXPECT_THAT(some.serve.metrics.collectors, ElementsAre("netdev"));
  EXPECT_FALSE(parse({"--no-collector.netdev"})->serve.metrics.collectors.contains("netdev"));
}

TEST(CommandLine, ACallAsksTheAgentUnlessAFlagSaysWhatToScan) {
  EXPECT_EQ(parse({"conflicts"})->options.from, AnswerFrom::automatic);
  EXPECT_EQ(parse({"conflicts", "--format=json"})->options.from, AnswerFrom::automatic);
  for (const char* flag : {"--path.procfs=/p", "--pods.source=none", "--replay=/r",
                           "--config.file=/c", "--from=scan"}) {
    EXPECT_EQ(parse({"conflicts", flag})->options.from, AnswerFrom::scan) << flag;
  }
  EXPECT_EQ(parse({"conflicts", "--from=agent"})->options.from, AnswerFrom::agent);
  EXPECT_THAT(refusal({"conflicts", "--from=agent", "--pods.source=none"}),
              HasSubstr("--from=agent"));
  EXPECT_THAT(refusal({"conflicts", "--from=nowhere"}), HasSubstr("auto, agent, scan"));
}

TEST(CommandLine, VariablesOfAPodAreTheDaemonsTooAndSayNothingOfACall) {
  Variables variables{{"HOSTNET_PODS_SOURCE", "kubelet"}};
  EXPECT_EQ(parse({"ports"}, variables)->options.from, AnswerFrom::scan);
  variables["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
  EXPECT_EQ(parse({"ports"}, variables)->options.from, AnswerFrom::automatic);
}

TEST(CommandLine, AScanSearchesTheNodeForItsPodsOnlyWhenNothingIsSaidOfThem) {
  EXPECT_TRUE(parse({"conflicts"})->options.sources.pods.search_node);
  EXPECT_TRUE(parse({"conflicts", "--config.file=c"})->options.sources.pods.search_node);
  EXPECT_FALSE(parse({})->serve.sources.pods.search_node);
  EXPECT_FALSE(parse({"conflicts", "--pods.source=none"})->options.sources.pods.search_node);
  EXPECT_FALSE(parse({"conflicts", "--pods.kubeconfig=k"})->options.sources.pods.search_node);
  EXPECT_FALSE(parse({"conflicts", "--replay=r"})->options.sources.pods.search_node);
  EXPECT_FALSE(parse({"conflicts"}, {{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}})
                   ->options.sources.pods.search_node);
}

TEST(CommandLine, OneShotCommandsReadFromTheSameSources) {
  const auto line = parse({"check", "53/udp", "--address=10.0.0.1", "--config.file=c.yml"}).value();
  EXPECT_EQ(line.command, Command::check);
  EXPECT_EQ(line.options.port, (PortAndProtocol{.port = 53, .protocol = Protocol::udp}));
  EXPECT_EQ(line.options.sources.config_file, "c.yml");
  EXPECT_TRUE(line.options.sources.pods.one_shot);
}

TEST(CommandLine, TheNodesNameIsTheFlagsElseThatOfNODE_NAME) {
  const Variables variables{{"NODE_NAME", "n1"}};
  EXPECT_EQ(parse({}, variables)->serve.sources.pods.node_name, "n1");
  EXPECT_EQ(parse({"--pods.node-name=n2"}, variables)->serve.sources.pods.node_name, "n2");
}

TEST(CommandLine, TheFormOfAnAnswerIsSaidAsWithKubectl) {
  EXPECT_EQ(parse({"conflicts", "--json"})->options.format, OutputFormat::json);
  EXPECT_EQ(parse({"conflicts", "-o", "json"})->options.format, OutputFormat::json);
  EXPECT_TRUE(parse({"ports", "-owide"})->options.style.wide);
  EXPECT_TRUE(parse({"risks", "--output=name"})->options.style.names);
  EXPECT_FALSE(parse({"conflicts"})->options.width);
  EXPECT_EQ(parse({"conflicts", "--width=0"})->options.width, 0U);
  EXPECT_EQ(parse({"ports", "--color=never"})->options.color, ColorWhen::never);
  EXPECT_TRUE(parse({"ports", "-w"})->options.watch);
  EXPECT_TRUE(parse({"check", "8080", "-o", "name"})->options.style.names);
  EXPECT_THAT(refusal({"conflicts", "--json", "--format=text"}), HasSubstr("another --format"));
  EXPECT_THAT(refusal({"doctor", "-o", "name"}), HasSubstr("text, json, wide"));
  EXPECT_THAT(refusal({"conflicts", "--width=wide"}), HasSubstr("width"));
  EXPECT_THAT(refusal({"conflicts", "--color=red"}), HasSubstr("auto, always, never"));
}

TEST(CommandLine, TheHelpOfACommandHasItsOwnOptionsFirstAndThenWhatAScanReads) {
  const std::string help = parse({"check", "--help"})->text;
  EXPECT_LT(help.find("--offline"), help.find("--path.procfs"));
  EXPECT_THAT(help, HasSubstr("--pods.kubeconfig"));
  EXPECT_THAT(help, Not(HasSubstr("--web.listen-address")));
  EXPECT_EQ(parse({"help", "check"})->text, help);
  EXPECT_THAT(parse({"serve", "--help"})->text, HasSubstr("--web.listen-address"));
  EXPECT_EQ(parse({"help"})->text, parse({"--help"})->text);
  EXPECT_EQ(refusal({"help", "chek"}), "unknown command 'chek', did you mean check?");
}

TEST(CommandLine, ACompletionScriptKnowsEveryCommandAndFlag) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = parse({"completion", shell})->text;
    for (const char* word : {"conflicts", "doctor", "web.listen-address", "collector.netdev",
                             "apiserver", "offline"}) {
      EXPECT_THAT(script, HasSubstr(word)) << shell;
    }
  }
  EXPECT_THAT(refusal({"completion", "tcsh"}), HasSubstr("bash, zsh, fish"));
  EXPECT_THAT(refusal({"completion"}), HasSubstr("give a shell"));
}

TEST(CommandLine, VersionIsACommandToo) {
  EXPECT_EQ(parse({"version"})->command, Command::version);
  EXPECT_EQ(parse({"--version"})->command, Command::version);
  EXPECT_EQ(parse({"version", "--json"})->options.format, OutputFormat::json);
  EXPECT_EQ(parse({"version", "-o", "json"})->options.format, OutputFormat::json);
  EXPECT_THAT(refusal({"version", "-o", "wide"}), HasSubstr("text, json"));
}

TEST(CommandLine, AWrongWordIsAnsweredWithTheNearestOne) {
  EXPECT_EQ(refusal({"--watch.intervall=1s"}),
            "unknown flag --watch.intervall, did you mean --watch.interval?");
  EXPECT_EQ(refusal({"completion", "--json"}),
            "--json is a flag of another command, try hostnet-agent completion --help");
  EXPECT_EQ(refusal({"conflicts", "all"}),
            "unexpected argument 'all', try hostnet-agent conflicts --help");
  EXPECT_EQ(refusal({"frobnicate"}), "unknown command 'frobnicate', try --help");
  EXPECT_EQ(refusal({"check", "-f"}), "check -f: give a file, a folder or -");
  EXPECT_EQ(refusal({"conflict"}), "unknown command 'conflict', did you mean conflicts?");
  EXPECT_THAT(refusal({}, {{"HOSTNET_REPORT_EVENTS", "yes"}}),
              HasSubstr("HOSTNET_REPORT_EVENTS: 'yes' is neither true nor false"));
}

}  // namespace
}  // namespace hostnet
