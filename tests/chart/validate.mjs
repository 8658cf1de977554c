// Checks Kubernetes objects (a JSON list on standard input) against the API's schemas, for which the
// packages beside this file have compiled validators: types, required fields, allowed words; and that
// there is no field that the schema does not know, which the API server would drop or refuse. Prints
// one line for each complaint. It runs in the folder that tests/chart/tools prints.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const CUSTOM = { "monitoring.coreos.com": "@kubernetes-models/prometheus-operator" };

async function validator(apiVersion, kind) {
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  const package_ = CUSTOM[group] ?? "kubernetes-models";
  const path = join(process.cwd(), "node_modules", package_, apiVersion, `${kind}.js`);
  return (await import(pathToFileURL(path)))[kind];
}

// A copy of the object that notes which of its fields the validator asks for: one that it never asks
// for is one that it does not know.
function watched(value, path, unread) {
  if (value === null || typeof value !== "object") return value;
  const copy = Array.isArray(value) ? [] : {};
  for (const [key, item] of Object.entries(value)) {
    copy[key] = watched(item, `${path}/${key}`, unread);
    if (!Array.isArray(value)) unread.add(`${path}/${key}`);
  }
  return new Proxy(copy, {
    get(target, key) {
      if (typeof key === "string") unread.delete(`${path}/${key}`);
      return target[key];
    },
  });
}

// Maps whose keys are anybody's: the schema has nothing to say of them.
const FREE = /\/(labels|annotations|matchLabels|nodeSelector|data|limits|requests)\/|^\/spec\/groups\/\d+\/rules\/\d+\//;

let complaints = 0;
for (const object of JSON.parse(readFileSync(0, "utf8"))) {
  const name = `${object.kind} ${object.metadata.name}`;
  const complain = (what) => { console.log(`${name}: ${what}`); complaints += 1; };
  let Model;
  try {
    Model = await validator(object.apiVersion, object.kind);
  } catch {
    complain(`no schema for ${object.apiVersion} ${object.kind}`);
    continue;
  }
  const unread = new Set();
  try {
    Model.prototype.validate.call(watched(object, "", unread));
  } catch (error) {
    complain(error.message);
  }
  for (const path of unread) if (!FREE.test(path)) complain(`unknown field ${path}`);
}
process.exitCode = complaints ? 1 : 0;
