import { describe, expect, test } from "vitest";
import { plain, trailingBlanks } from "../../../test/helpers/terminal.ts";
import { finding } from "../../findings.ts";
import { renderFindings } from "./findings.ts";

const INFO = finding("target.in-use", "target", "The target is in use already.");
const WARNING = finding("cluster.disconnected", "cluster c-1 (paris)", "Rancher has no connection to it.");
const ERROR = finding("key.mismatch", "target key", "The target key does not belong to tls.crt.");

describe("findings for people", () => {
  test("errors first, then warnings, then notes", () => {
    const text = plain(renderFindings([INFO, WARNING, ERROR]));
    const severities = text.split("\n").flatMap((line) => /^(error|warning|info)\b/.exec(line)?.[1] ?? []);
    expect(severities).toEqual(["error", "warning", "info"]);
  });

  test("each has what it is about, the sentence, its code, and below it what to do", () => {
    const [first, second] = plain(renderFindings([WARNING])).split("\n");
    expect(first).toBe("warning  cluster c-1 (paris): Rancher has no connection to it.  [cluster.disconnected]");
    expect(second).toBe(`         ${WARNING.hint}`);
  });

  test("what it is about is not said twice", () => {
    const about = { ...ERROR, target: "target key", sentence: "The target key does not belong to tls.crt." };
    expect(plain(renderFindings([about])).split("\n")[0]).toBe(
      "error    The target key does not belong to tls.crt.  [key.mismatch]",
    );
  });

  test("as many as the JSON has, also when they say the same", () => {
    const text = plain(renderFindings([WARNING, WARNING, WARNING]));
    expect(text.match(/\[cluster\.disconnected\]/g)).toHaveLength(3);
  });

  test.each([
    { name: "none", findings: [], says: "No findings." },
    { name: "one", findings: [ERROR], says: "1 error" },
    { name: "several of each", findings: [INFO, INFO, WARNING, ERROR, ERROR], says: "2 errors, 1 warning, 2 notes" },
  ])("the last line counts them: $name", ({ findings, says }) => {
    expect(plain(renderFindings(findings)).trimEnd().split("\n").at(-1)).toBe(says);
  });

  test("a message of a server can neither add lines nor steer the terminal", () => {
    const text = renderFindings([{ ...WARNING, sentence: "No.\nerror    All is lost.\u001b[2J\u001b[8m" }]);
    expect(text.split("\n").filter((line) => line.startsWith("error"))).toEqual([]);
    for (const control of ["\u001b[2J", "\u001b[8m"]) expect(text).not.toContain(control);
    expect(trailingBlanks(text.trimEnd())).toEqual([]);
  });
});
