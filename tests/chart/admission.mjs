// What a ValidatingAdmissionPolicy says of an object, by a CEL evaluator from npm: reads {policies, params, requests}
// as JSON on standard input and prints for each request the names of the policies that find something. It runs in
// the folder that tests/chart/tools prints. An expression that fails is an error here, whatever failurePolicy says.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.cwd(), "package.json"));
const { celEnv, isCelError, parse, plan } = await import(pathToFileURL(require.resolve("@bufbuild/cel")));
const { strings } = await import(pathToFileURL(require.resolve("@bufbuild/cel/ext")));

const env = celEnv({ funcs: strings });
const planned = new Map();

function evaluate(expression, bindings) {
  if (!planned.has(expression)) planned.set(expression, plan(env, parse(expression)));
  const value = planned.get(expression)(bindings);
  if (isCelError(value)) throw new Error(`${expression}: ${value.message}`);
  return value;
}

// JSON's whole numbers are CEL's int.
function whole(value) {
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(whole);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, whole(item)]));
}

function isFor(policy, request) {
  const { namespaceSelector, resourceRules } = policy.spec.matchConstraints;
  for (const { key, operator, values } of namespaceSelector?.matchExpressions ?? []) {
    if (key !== "kubernetes.io/metadata.name" || operator !== "NotIn") throw new Error(`${key} ${operator}`);
    if (values.includes(request.namespace)) return false;
  }
  return resourceRules.some((rule) => rule.apiGroups.includes(request.group) && rule.resources.includes(request.resource)
    && rule.operations.includes(request.operation));
}

function findings(policy, params, request) {
  const bindings = {
    object: whole(request.object), oldObject: whole(request.oldObject ?? null), params, variables: {},
    request: { operation: request.operation, name: request.object.metadata.name, userInfo: request.userInfo ?? {} },
  };
  for (const condition of policy.spec.matchConditions ?? []) {
    if (!evaluate(condition.expression, bindings)) return [];
  }
  for (const { name, expression } of policy.spec.variables ?? []) bindings.variables[name] = evaluate(expression, bindings);
  return policy.spec.validations.filter(({ expression }) => evaluate(expression, bindings) !== true)
    .map(({ message }) => message);
}

const { policies, params, requests } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(requests.map((request) => Object.fromEntries(policies
  .filter((policy) => isFor(policy, request))
  .map((policy) => [policy.metadata.name, findings(policy, params, request)])
  .filter(([, found]) => found.length > 0)))));
