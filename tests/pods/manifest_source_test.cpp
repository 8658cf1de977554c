#include "agent/pods/sources/manifest_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

std::string pod_on(int port, const std::string& name = "a", const std::string& node = "") {
  return "kind: Pod\nmetadata: {name: " + name + "}\nspec: {hostNetwork: true, nodeName: '" + node +
         "', containers: [{name: c, ports: [{containerPort: " + std::to_string(port) + "}]}]}\n";
}

// A source with a clock of its own.
class Watched {
 public:
  explicit Watched(std::vector<std::string> paths, std::string node = "")
      : source({.paths = std::move(paths), .node_name = std::move(node)}) {
    EXPECT_TRUE(source.refresh(now, WallTime{}));
  }

  // Whether something is heard; then as much time passes as it takes to settle.
  bool heard() {
    pollfd one{.fd = source.descriptor(), .events = POLLIN, .revents = 0};
    if (::poll(&one, 1, 120'000) != 1) return false;
    source.refresh(now, WallTime{});
    now = source.next_scan();
    source.refresh(now, WallTime{});
    return true;
  }
  // Whatever was heard has settled then.
  void scan_again() {
    source.refresh(now += 1h, WallTime{});
    source.refresh(now += 1h, WallTime{});
  }
  std::vector<int> ports() const {
    std::vector<int> ports;
    for (const Pod& pod : source.snapshot().pods) {
      for (const auto& port : declared_ports(pod)) ports.push_back(port.port);
    }
    return ports;
  }
  const std::vector<std::string>& errors() const { return source.snapshot().errors; }

  SteadyTime now{1h};
  ManifestSource source;
};

TEST(ManifestSource, ReadsFilesAndFoldersAsKubeletDoesButNoHiddenFilesNorFoldersInThem) {
  const TemporaryDirectory folder;
  folder.write("all/b.yaml", pod_on(2, "b"));
  folder.write("all/a.json", "{\"kind\":\"ConfigMap\"}");
  folder.write("all/c.yml", pod_on(3, "c"));
  folder.write("all/.hidden.yaml", pod_on(4));
  folder.write("all/edge.manifest", pod_on(5, "edge"));
  folder.write("all/edge.yaml.bak", pod_on(8, "backup"));
  folder.write("all/notes.txt", "Keep this folder clean: no backups\n\tplease.\n");
  folder.write("all/sub.yaml/d.yaml", pod_on(6));
  folder.write("one", pod_on(7, "one"));
  const Watched watched({folder / "one", folder / "all", folder / "all/b.yaml"});
  EXPECT_THAT(watched.ports(), ElementsAre(2, 3, 5, 8, 7));
  EXPECT_THAT(watched.errors(), IsEmpty());
  EXPECT_EQ(watched.source.snapshot().source, "manifests");
  EXPECT_TRUE(watched.source.snapshot().synced);
}

// The kubelet takes the first one of a file; bundles in a folder are worth knowing in whole.
TEST(ManifestSource, OfAFileInAFolderEveryDocumentCounts) {
  const TemporaryDirectory folder;
  folder.write("all/two.yaml", pod_on(2, "a") + "---\n" + pod_on(3, "b"));
  folder.write("bundle.yaml", pod_on(5, "d") + "---\n" + pod_on(6, "e"));
  const Watched watched({folder / "all", folder / "bundle.yaml"});
  EXPECT_THAT(watched.ports(), ElementsAre(2, 3, 5, 6));
  EXPECT_THAT(watched.errors(), IsEmpty());
}

TEST(ManifestSource, FilesOfProcfsAreNoManifests) {
  // Not /proc/self itself: its `exe` is this program, which may be longer than all manifests.
  const TemporaryDirectory folder;
  for (const char* name : {"environ", "maps", "mem", "pagemap", "status"}) {
    folder.make_link(name, std::string("/proc/self/") + name);
  }
  const Watched watched({folder.path().string()});
  EXPECT_THAT(watched.ports(), IsEmpty());
  EXPECT_THAT(watched.errors(), IsEmpty());
}

TEST(ManifestSource, AFolderWithMoreThan10000EntriesIsAnError) {
  const TemporaryDirectory folder;
  for (int n = 0; n <= 10'000; ++n) std::ofstream(folder / std::to_string(n));
  EXPECT_THAT(Watched({folder.path().string()}).errors(),
              ElementsAre(HasSubstr("more than 10000 entries")));
}

TEST(ManifestSource, AFolderThatCannotBeListedKeepsWhatItSaid) {
  const TemporaryDirectory folder;
  folder.write("m/a.yaml", pod_on(1));
  Watched watched({folder / "m"});
  for (int n = 0; n < 10'000; ++n) std::ofstream(folder / ("m/" + std::to_string(n)));
  watched.scan_again();
  EXPECT_THAT(watched.ports(), ElementsAre(1));
  EXPECT_TRUE(watched.source.snapshot().stale);
  EXPECT_THAT(watched.errors(), ElementsAre(HasSubstr("more than 10000 entries")));
  for (int n = 0; n < 10'000; ++n) std::filesystem::remove(folder / ("m/" + std::to_string(n)));
  folder.write("m/a.yaml", pod_on(2));
  watched.scan_again();
  EXPECT_THAT(watched.ports(), ElementsAre(2));
  EXPECT_FALSE(watched.source.snapshot().stale);
}

TEST(ManifestSource, AFileThatCannotBeReadNowKeepsWhatItSaidAndIsTriedAgain) {
  const TemporaryDirectory folder;
  folder.write("good.yaml", pod_on(1));
  const auto link_to = [&](const std::string& target) {
    std::filesystem::remove(folder / "m.yaml");
    std::filesystem::create_symlink(target, folder / "m.yaml");
  };
  link_to("good.yaml");
  Watched watched({folder / "m.yaml"});
  link_to("/proc/self/mem");  // reading its begin is EIO
  for (int n = 0; n < 2; ++n) {
    watched.scan_again();
    EXPECT_THAT(watched.ports(), ElementsAre(1));
    EXPECT_TRUE(watched.source.snapshot().stale);
    EXPECT_THAT(watched.errors(), SizeIs(1));
  }
  link_to("good.yaml");
  watched.scan_again();
  EXPECT_FALSE(watched.source.snapshot().stale);
  EXPECT_THAT(watched.errors(), IsEmpty());
  std::filesystem::remove(folder / "m.yaml");
  watched.scan_again();
  EXPECT_THAT(watched.ports(), IsEmpty());
  EXPECT_FALSE(watched.source.snapshot().stale);
}

TEST(ManifestSource, ManifestsPast32MebibytesAreNotReadAndCounted) {
  const TemporaryDirectory folder;
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    folder.write(std::string(name) + ".txt", std::string(std::size_t{6} << 20U, '#'));
  }
  EXPECT_THAT(Watched({folder.path().string()}).errors(),
              ElementsAre("1 manifests are not read: there are more than 32 MiB"));
}

TEST(ManifestSource, PodsOfOtherNodesAreLeftOut) {
  const TemporaryDirectory folder;
  folder.write("a.yaml",
               pod_on(1, "a", "n1") + "---\n" + pod_on(2, "b", "n2") + "---\n" + pod_on(3, "c"));
  EXPECT_THAT(Watched({folder / "a.yaml"}, "n1").ports(), ElementsAre(1, 3));
}

TEST(ManifestSource, HearsAFileWrittenReplacedDeletedAndMadeAgain) {
  const TemporaryDirectory folder;
  folder.write("m/a.yaml", pod_on(1));
  for (const std::string& path : std::vector<std::string>{folder / "m", folder / "m/a.yaml"}) {
    Watched watched({path});
    folder.write("m/a.yaml", pod_on(22));
    ASSERT_TRUE(watched.heard());
    EXPECT_THAT(watched.ports(), ElementsAre(22));
    folder.write("m/.new", pod_on(333));
    std::filesystem::rename(folder / "m/.new", folder / "m/a.yaml");
    ASSERT_TRUE(watched.heard());
    EXPECT_THAT(watched.ports(), ElementsAre(333));
    std::filesystem::remove(folder / "m/a.yaml");
    ASSERT_TRUE(watched.heard());
    EXPECT_THAT(watched.ports(), IsEmpty());
    folder.write("m/a.yaml", pod_on(1));
    ASSERT_TRUE(watched.heard());
    EXPECT_THAT(watched.ports(), ElementsAre(1));
  }
}

TEST(ManifestSource, HearsAConfigMapSwappedByItsDataLink) {
  const TemporaryDirectory folder;
  namespace fs = std::filesystem;
  folder.write("cm/..2026_1/a.yaml", pod_on(1));
  fs::create_directory_symlink("..2026_1", folder / "cm/..data");
  fs::create_symlink("..data/a.yaml", folder / "cm/a.yaml");
  for (const std::string& path : std::vector<std::string>{folder / "cm", folder / "cm/a.yaml"}) {
    Watched watched({path});
    const int before = watched.ports().at(0);
    const std::string next = "..2026_" + std::to_string(before + 1);
    folder.write("cm/" + next + "/a.yaml", pod_on(before + 1));
    fs::create_directory_symlink(next, folder / "cm/..data_tmp");
    fs::rename(folder / "cm/..data_tmp", folder / "cm/..data");
    ASSERT_TRUE(watched.heard());
    EXPECT_THAT(watched.ports(), ElementsAre(before + 1));
  }
}

TEST(ManifestSource, APathThatComesLaterIsAnErrorUntilItIsThere) {
  const TemporaryDirectory folder;
  Watched watched({folder / "x/y/z.yaml"});
  EXPECT_THAT(watched.errors(), ElementsAre(HasSubstr("x/y/z.yaml: No such file")));
  folder.make_directory("x");
  ASSERT_TRUE(watched.heard());
  folder.make_directory("x/y");
  ASSERT_TRUE(watched.heard());
  folder.write("x/y/z.yaml", pod_on(9));
  ASSERT_TRUE(watched.heard());
  EXPECT_THAT(watched.ports(), ElementsAre(9));
  EXPECT_THAT(watched.errors(), IsEmpty());
  std::filesystem::remove_all(folder / "x");
  ASSERT_TRUE(watched.heard());
  EXPECT_THAT(watched.ports(), IsEmpty());
}

TEST(ManifestSource, ABadFileCostsItselfAndIsNamed) {
  const TemporaryDirectory folder;
  folder.write("m/a.yaml", pod_on(1));
  folder.write("m/b.yaml", pod_on(2) + "---\nkind: [\n");
  folder.write("m/c.yaml", std::string("\x7f"
                                       "ELF\0",
                                       5));
  std::filesystem::create_symlink("nowhere", folder / "m/d.yaml");
  ASSERT_EQ(::mkfifo((folder / "m/e.yaml").c_str(), 0600), 0);
  {
    std::ofstream(folder / "m/f.yaml").seekp(10 << 20).put('x');
  }
  const Watched watched({folder / "m"});
  EXPECT_THAT(watched.ports(), ElementsAre(1, 2));
  EXPECT_THAT(watched.errors(),
              ElementsAre(HasSubstr("d.yaml: No such file"), HasSubstr("b.yaml: document 2, line "),
                          HasSubstr("c.yaml: line 1: not a text file"),
                          HasSubstr("e.yaml: neither a file nor a folder"),
                          HasSubstr("f.yaml: 10.0 MiB long")));
}

TEST(ManifestSource, WhatDidNotChangeIsNotReadAgainNorReported) {
  const TemporaryDirectory folder;
  folder.write("m/a.yaml", pod_on(1));
  Watched watched({folder / "m"});
  EXPECT_FALSE(watched.source.refresh(watched.now + 1s, WallTime{}));
  EXPECT_FALSE(watched.source.refresh(watched.now + 31s, WallTime{}));
  EXPECT_THAT(watched.ports(), ElementsAre(1));
}

TEST(ManifestSource, AStreamOfEventsCannotPutOffTheLookForEver) {
  const TemporaryDirectory folder;
  folder.make_directory("m");
  Watched watched({folder / "m"});
  bool changed = false;
  const SteadyTime start = watched.now;
  for (int i = 0; i < 100 && !changed; ++i) {
    folder.write("m/a.yaml", pod_on(1000 + i));
    watched.now += 10ms;
    changed = watched.source.refresh(watched.now, WallTime{});
  }
  EXPECT_TRUE(changed);
  EXPECT_LE(watched.now - start, 520ms);
}

// Exit code of a child that may have no inotify instance.
int poll_without_inotify(const std::string& folder) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER) != 0) ::_exit(77);
    std::ofstream limit("/proc/sys/user/max_inotify_instances");
    limit << "0" << std::flush;
    if (!limit) ::_exit(77);
    ManifestSource source({.paths = {folder}, .node_name = ""});
    SteadyTime now{1h};
    source.refresh(now, WallTime{});
    if (source.descriptor() != -1) ::_exit(77);
    if (source.snapshot().errors.size() != 1 ||
        source.snapshot().errors[0].find("limit of inotify") == std::string::npos) {
      ::_exit(1);
    }
    if (source.next_scan() != now + 1s) ::_exit(2);
    std::ofstream(folder + "/b.yaml") << pod_on(2, "b");
    if (!source.refresh(source.next_scan(), WallTime{})) ::_exit(3);
    ::_exit(source.snapshot().pods.size() == 2 ? 0 : 4);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ManifestSource, WithoutInotifyItPollsAndSaysSo) {
  const TemporaryDirectory folder;
  folder.write("m/a.yaml", pod_on(1));
  const int code = poll_without_inotify(folder / "m");
  if (code == 77) GTEST_SKIP() << "no user namespace to limit inotify in";
  EXPECT_EQ(code, 0);
}

TEST(ManifestFile, APipeIsReadToItsEndWhenAsked) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::string text = pod_on(1);
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  const auto result = read_manifest_file("/proc/self/fd/" + std::to_string(ends[0]));
  ::close(ends[0]);
  EXPECT_THAT(result.pods(), SizeIs(1));
}

TEST(ManifestFile, WhatIsNotThereIsAnErrorThatNamesIt) {
  const auto result = read_manifest_file("/nonexistent/a.yaml");
  ASSERT_THAT(result.errors, SizeIs(1));
  EXPECT_THAT(to_string(result.errors[0]), HasSubstr("/nonexistent/a.yaml: not there"));
}

}  // namespace
}  // namespace hostnet
