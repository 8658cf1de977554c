#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/document/value.h"

namespace hostnet {

// Pods that an Argo Workflow, WorkflowTemplate, ClusterWorkflowTemplate or
// CronWorkflow (argoproj.io) makes: its templates have containers without a pod
// around them, and the workflow says what holds for each pod.
// https://argo-workflows.readthedocs.io/en/latest/fields/
struct WorkflowPod {
  std::string name;  // of the template
  std::string path;  // "spec.templates[1]"
  Value spec;        // made of both
};

bool is_argo_workflow(std::string_view api_version, std::string_view kind);
std::vector<WorkflowPod> workflow_pods(const Value& object);

// The parts of the object that workflow_pods() reads.
std::vector<const Value*> parts_of_workflow(const Value& object);

}  // namespace hostnet
