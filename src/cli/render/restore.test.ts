import { describe, expect, it } from "vitest";
import type { Difference } from "../../backup/difference.ts";
import type { Compared } from "../../backup/restore.ts";
import { renderComparison } from "./restore.ts";

function compared(name: string, difference: Difference, namespace?: string): Compared {
  const object = { metadata: { name } };
  const resource = { group: "", version: "v1", plural: "secrets", ...(namespace === undefined ? {} : { namespace }) };
  return { saved: { cluster: "local", resource, kind: "Secret", object }, present: object, difference };
}

const changed: Difference = {
  kind: "changed",
  fields: [{ field: "data.tls.crt", saved: "(other)", present: "(secret)" }],
};
const rendered = (
  all: readonly Compared[],
  newer = false,
  unreachable: { cluster: string; why: string }[] = [],
): string => renderComparison({ compared: all, unreachable }, { newer });

describe("what differs from a backup", () => {
  it("is nothing to be listed where all is as it was, or is written by the estate itself", () => {
    const all = [compared("tls-ca", { kind: "same" }), compared("cattle-token-x", { kind: "derived" })];
    expect(rendered(all)).toBe("2 of 2 objects are as they were saved.\n");
  });

  it("is what is missing, which is made again", () => {
    expect(rendered([compared("tls-ca", { kind: "missing" }, "cattle-system")])).toBe(
      "+ local Secret cattle-system/tls-ca  missing: is made again\n0 of 1 objects are as they were saved.\n",
    );
  });

  it("is what was changed, field by field, which is left as now", () => {
    expect(
      rendered([compared("tls-ca", changed, "cattle-system"), compared("c-1", { kind: "same" })]).split("\n"),
    ).toEqual([
      "= local Secret cattle-system/tls-ca",
      "    FIELD         NOW       SAVED",
      "    data.tls.crt  (secret)  (other)",
      "1 of 2 objects are as they were saved.",
      "1 object was changed since and is left as now: newer than the backup. --overwrite-newer puts back the saved state all the same.",
      "",
    ]);
  });

  it("counts several that were changed, and not what is missing", () => {
    const all = [compared("a", changed), compared("b", changed), compared("c", { kind: "missing" })];
    expect(rendered(all)).toContain("\n2 objects were changed since and are left as now");
    expect(rendered(all)).toContain("\n0 of 3 objects are as they were saved.\n");
  });

  it("is put back where a person wants that, and nothing is said of leaving it", () => {
    const text = rendered([compared("c-1", changed)], true);
    expect(text).toMatch(/^~ local Secret c-1\n/);
    expect(text).not.toContain("left as now");
  });

  it("is not known of clusters that do not answer, which are named with the reason", () => {
    const text = rendered([], false, [{ cluster: "c-1 (paris)", why: "Its tunnel does not answer." }]);
    expect(text).toContain("\nNOT COMPARED  WHY\nc-1 (paris)   Its tunnel does not answer.\n");
    expect(rendered([])).not.toContain("NOT COMPARED");
  });
});
