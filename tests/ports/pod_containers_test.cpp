#include "agent/ports/nat/pod_containers.h"

#include <gtest/gtest.h>

#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

TEST(PodContainers, AreFoundInEveryLayoutOfCgroups) {
  const std::string id(64, 'a');
  for (const std::string& path :
       {"/kubepods/burstable/pod2fc932ce-fdcc-454b-97bd-aadfdeb4c340/" + id,
        "/kubepods.slice/kubepods-besteffort.slice/"
        "kubepods-besteffort-pod2fc932ce_fdcc_454b_97bd_aadfdeb4c340.slice/cri-containerd-" +
            id + ".scope",
        "/kubepods.slice/kubepods-pod2fc932ce_fdcc_454b_97bd_aadfdeb4c340.slice/crio-" + id +
            ".scope"}) {
    NodeBuilder node;
    node.cgroup(path);
    const auto found = read_pod_containers(*node.build().files, true);
    ASSERT_TRUE(found) << path;
    EXPECT_EQ(found->at(id), "2fc932ce-fdcc-454b-97bd-aadfdeb4c340") << path;
    EXPECT_EQ(found->size(), 2U) << path;
  }
}

TEST(PodContainers, CrioHashesAsItSays) {
  // python3: base64.b32encode(hashlib.sha256(b"…").digest())[:16]
  EXPECT_EQ(crio_hash(std::string(32, '5') + std::string(32, 'a')), "QA3TYE3EIUTL5FC5");
  EXPECT_EQ(crio_hash(""), "4OYMIQUY7QOBJGX3");
}

}  // namespace
}  // namespace hostnet
