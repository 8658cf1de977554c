#pragma once

#include <gmock/gmock.h>

#include <cstdio>
#include <string>
#include <vector>

#include "netlink/nat/nftables/read_nf_tables.h"
#include "netlink/nat/recognize.h"
#include "netlink/nat/walk_nat.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet::testing {

// Rules that programs of Debian 12 write into a namespace of their own, and what
// is told of them.
class KernelNat : public InOwnNamespace {
 protected:
  // nft reads a script, or a shell does.
  static bool nft(const std::string& script) { return fed("nft -f -", script); }
  static bool sh(const std::string& script) { return fed("sh -e", script); }

  std::vector<std::string> texts(const NatWalkOptions& options = {}) {
    std::vector<std::string> out;
    for (const NatRule& rule : rules(options)) out.push_back(rule.text);
    return out;
  }
  std::vector<NatRule> rules(const NatWalkOptions& options = {}) {
    auto tables = read_nf_tables(netlink());
    EXPECT_TRUE(tables) << tables.error().message;
    if (!tables) return {};
    EXPECT_FALSE(tables->changed_meanwhile);
    unknown_ = tables->unknown;
    NatWalk walk = walk_nat(tables->tables, options);
    EXPECT_TRUE(walk.complete);
    return walk.rules;
  }
  UnknownParts unknown_;

 private:
  static bool fed(const std::string& command, const std::string& script) {
    FILE* pipe = popen((command + " 2>&1").c_str(), "w");
    if (pipe == nullptr) return false;
    std::fwrite(script.data(), 1, script.size(), pipe);
    return pclose(pipe) == 0;
  }
};

}  // namespace hostnet::testing
