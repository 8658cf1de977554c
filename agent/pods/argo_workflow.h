#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/document/value.h"

namespace hostnet {

// Pods created by an Argo Workflow, WorkflowTemplate, ClusterWorkflowTemplate or CronWorkflow
// (argoproj.io): its templates have containers without a pod spec, and pod settings come from the
// workflow.
// https://argo-workflows.readthedocs.io/en/latest/fields/
struct WorkflowPod {
  std::string name;  // of the template
  std::string path;  // combined from both
  Value spec;        // made of both
};

bool is_argo_workflow(std::string_view api_version, std::string_view kind);
std::vector<WorkflowPod> workflow_pods(const Value& object);

// The parts of the object that workflow_pods() reads.
std::vector<const Value*> parts_of_workflow(const Value& object);

}  // namespace hostnet
