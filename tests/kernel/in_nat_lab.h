#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "netlink/node/node.h"
#include "tests/kernel/nat_lab.h"
#include "tests/kernel/own_files.h"

namespace hostnet::testing {

// A test on the node of a NatLab, which `node_` shows as the agent sees it.
class InNatLab : public InOwnNamespace {
 protected:
  void SetUp() override {
    InOwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    lab_.set_up();
    node_ = live_node({}).value();
    node_->files = std::make_shared<OwnFiles>(node_->files);
    add_probes();
  }
  // Fills probes_; the lab stands.
  virtual void add_probes() = 0;

  NatLab lab_;
  std::optional<Node> node_;
  std::vector<Probe> probes_;
};

}  // namespace hostnet::testing
