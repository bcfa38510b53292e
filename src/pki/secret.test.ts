import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Secret } from "./secret.ts";

const VALUE = "correct horse battery staple";

describe("a secret shows itself to nobody by accident", () => {
  it.each([
    ["in a template", (secret: Secret) => `${secret}`],
    ["joined to text", (secret: Secret) => ["key:", secret].join(" ")],
    ["in JSON", (secret: Secret) => JSON.stringify({ secret })],
    ["in a log line", (secret: Secret) => format("%s %o %j", secret, secret, secret)],
    ["inspected with hidden properties", (secret: Secret) => inspect({ secret }, { showHidden: true, depth: null })],
    ["in an error's cause", (secret: Secret) => inspect(new Error("failed", { cause: secret }))],
    ["spread into an object", (secret: Secret) => JSON.stringify({ ...secret })],
    ["by its type's name", (secret: Secret) => Object.prototype.toString.call(secret)],
  ])("%s", (_, print) => {
    expect(print(Secret.of(VALUE))).not.toContain("horse");
  });

  it("gives its value to whoever asks by name", () => {
    expect(Secret.of(VALUE).reveal()).toBe(VALUE);
  });

  it("says in a log that something was there", () => {
    expect(inspect({ key: Secret.of(VALUE) })).toBe("{ key: [redacted] }");
  });

  it("says in JSON that something was there", () => {
    expect(JSON.stringify({ key: Secret.of(VALUE) })).toBe('{"key":"[redacted]"}');
  });
});
