import { describe, expect, it } from "vitest";
import { isTokenInStatus, readHeldCa } from "./held-access.ts";

const cluster = (status?: object) => ({ metadata: { name: "c-1" }, ...(status === undefined ? {} : { status }) });

describe("whether a cluster's token belongs into its status", () => {
  // Rancher 2.5.16 and 2.6.7 are the first that keep it in a Secret.
  const versions: [string, boolean][] = [
    ["v2.0.16", true],
    ["v2.4.18", true],
    ["v2.5.15", true],
    ["v2.5.16", false],
    ["v2.5.17", false],
    ["v2.6.6", true],
    ["v2.6.7", false],
    ["v2.6.14", false],
    ["v2.7.0", false],
    ["v2.15.1", false],
    ["2.6.6", true],
    ["v2.6-head", false],
    ["v2.15-head", false],
    ["v2.5-head", false],
    ["v2.4-head", false],
    ["v3.0.0", false],
    ["dev", false],
    ["", false],
  ];
  it.each(versions)("is told by the version where Rancher holds none: %s", (version, expected) => {
    expect(isTokenInStatus(cluster({}), version)).toBe(expected);
    expect(isTokenInStatus(cluster(), version)).toBe(expected);
  });

  const held: [string, object, boolean][] = [
    ["it is there", { serviceAccountToken: "t" }, true],
    ["it is in a Secret", { serviceAccountTokenSecret: "cluster-serviceaccounttoken-x" }, false],
    [
      "it is in a Secret, and one of before was left",
      { serviceAccountToken: "t", serviceAccountTokenSecret: "cluster-serviceaccounttoken-x" },
      false,
    ],
  ];
  it.each(held)("is told by what Rancher holds, under any version, where %s", (_, status, expected) => {
    for (const version of ["v2.4.18", "v2.15.1"]) expect(isTokenInStatus(cluster(status), version)).toBe(expected);
  });
});

describe("the CA that Rancher holds for a cluster", () => {
  it("is base64 in its status", () => {
    expect(readHeldCa(cluster({ caCert: Buffer.from("PEM\n").toString("base64") }))).toBe("PEM\n");
  });

  it("is empty where there is none yet", () => {
    expect([readHeldCa(cluster()), readHeldCa(cluster({}))]).toEqual(["", ""]);
  });
});
