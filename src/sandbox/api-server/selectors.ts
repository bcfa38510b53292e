/**
 * Label and field selectors, in the API's syntax (k8s.io/apimachinery/pkg/labels and /fields):
 * `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas that all must hold.
 */

import type { KubeObject } from "../cluster-client.ts";
import { at } from "./json-value.ts";
import { badRequest } from "./status-errors.ts";

export type Predicate = (object: KubeObject) => boolean;

/** What no selector selects. One for all: every watch of every cluster holds its own otherwise. */
export const EVERYTHING: Predicate = () => true;

const REQUIREMENT =
  /^\s*(?:(?<absent>!)\s*(?<missing>[\w./-]+)|(?<key>[\w./-]+)(?:\s*(?<operator>==|=|!=)\s*(?<value>[\w.-]*)|\s+(?<set>in|notin)\s*\((?<values>[^()]*)\))?)\s*$/;

/** @throws ApiError 400 for what is not a selector. Undefined and "" select everything. */
export function labelPredicate(selector: string | undefined): Predicate {
  if (selector === undefined || selector.trim() === "") return EVERYTHING;
  const requirements = splitOutsideParentheses(selector).map((part) => requirement(part, selector));
  return (object) => {
    const labels = object.metadata.labels ?? {};
    return requirements.every((holds) => holds(labels));
  };
}

/** @param selectable the paths that the kind offers beside metadata.name and metadata.namespace. */
export function fieldPredicate(selector: string | undefined, selectable: readonly string[] = []): Predicate {
  if (selector === undefined || selector.trim() === "") return EVERYTHING;
  const terms = selector.split(",").map((part) => fieldTerm(part, selector, selectable));
  return (object) => terms.every((holds) => holds(object));
}

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

function requirement(part: string, whole: string): LabelTest {
  const groups = REQUIREMENT.exec(part)?.groups;
  if (groups === undefined) {
    throw badRequest(`unable to parse requirement: found '${part.trim()}' in label selector '${whole}'`);
  }
  const { missing, key = "", operator, value = "", set, values = "" } = groups;
  if (missing !== undefined) return (labels) => !(missing in labels);
  if (set !== undefined) {
    const wanted = new Set(values.split(",").map((each) => each.trim()));
    return set === "in"
      ? (labels) => key in labels && wanted.has(labels[key] ?? "")
      : (labels) => !(key in labels) || !wanted.has(labels[key] ?? "");
  }
  if (operator === undefined) return (labels) => key in labels;
  return operator === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
}

function splitOutsideParentheses(selector: string): readonly string[] {
  return selector.split(/,(?![^(]*\))/);
}

function fieldTerm(part: string, whole: string, selectable: readonly string[]): Predicate {
  const match = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
  if (match === null) {
    throw badRequest(`invalid selector: '${whole}'; can't understand '${part}'`);
  }
  const [, path = "", operator = "=", value = ""] = match;
  if (path !== "metadata.name" && path !== "metadata.namespace" && !selectable.includes(path)) {
    throw badRequest(`field label not supported: ${path}`);
  }
  const keys = path.split(".");
  const equals: Predicate = (object) => String(at(object, ...keys) ?? "") === value;
  return operator === "!=" ? (object) => !equals(object) : equals;
}
