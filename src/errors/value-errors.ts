/** What a value that a person gave must be, in words: `at least 1`. What a schema says itself stays as it is. */
import type { z } from "zod";

/**
 * Says of a value that is not valid what it must be, or which setting there is not.
 * @returns the end of a sentence that begins with the value's name
 */
export function clauseOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "custom") return issue.message;
  if (issue.code !== "unrecognized_keys") return `must be ${issue.message}`;
  return `there is no setting ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
}

/**
 * Everything that is wrong with a value, by its places: `waves.size: must be at least 1; clusters: …`.
 * @param whole what it is called where it is wrong as a whole: `the file`
 */
export function clausesOf({ issues }: z.ZodError, whole: string): string {
  return issues.map((issue) => `${issue.path.join(".") || whole}: ${clauseOf(issue)}`).join("; ");
}

/** Given to zod with the value. */
export function whatItMustBe(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `${KINDS[issue.expected] ?? issue.expected}${Array.isArray(issue.input) ? ", not a list" : ""}`;
    case "too_small":
      return `${issue.inclusive === false ? "more than" : "at least"} ${amount(issue.minimum, issue.origin)}`;
    case "too_big":
      return `${issue.inclusive === false ? "less than" : "at most"} ${amount(issue.maximum, issue.origin)}`;
    case "invalid_value":
      return `${issue.values.length === 1 ? "" : "one of "}${issue.values.map(String).join(", ")}`;
    case "invalid_union":
      return Array.isArray(issue.options) ? `one of ${issue.options.map(String).join(", ")}` : "of another kind";
    case "invalid_format":
      return issue.format === "url" ? "a URL" : "of another form";
    default:
      return "of another kind";
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "settings by name",
  record: "settings by name",
};

const UNITS: Readonly<Record<string, string>> = { string: " characters long", array: " entries long" };

function amount(limit: number | bigint, origin: string): string {
  return `${limit}${UNITS[origin] ?? ""}`;
}
