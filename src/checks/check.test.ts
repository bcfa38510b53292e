import { describe, expect, it } from "vitest";
import { clusterWith, estateWith, localCluster } from "../../test/helpers/estate-builder.ts";
import { clusterTarget, downstreamClusters, hostnameOf } from "./check.ts";

const estate = estateWith({ bundle: "", chain: "", clusters: [localCluster(), clusterWith("c-1", undefined)] });

describe("Rancher's name, as certificates have it,", () => {
  const rows: { name: string; serverUrl: string; hostname: string }[] = [
    { name: "is the host of its URL", serverUrl: "https://rancher.example.test", hostname: "rancher.example.test" },
    {
      name: "has no port and no path",
      serverUrl: "https://rancher.example.test:8443/x",
      hostname: "rancher.example.test",
    },
    { name: "is an address", serverUrl: "https://192.0.2.7", hostname: "192.0.2.7" },
    {
      name: "is an IPv6 address, which no certificate has in brackets",
      serverUrl: "https://[2001:db8::7]:443",
      hostname: "2001:db8::7",
    },
    { name: "is not known of what is no URL", serverUrl: "rancher.example.test", hostname: "" },
    { name: "is not known before Rancher has a URL", serverUrl: "", hostname: "" },
  ];
  it.each(rows)("$name", ({ serverUrl, hostname }) => {
    expect(hostnameOf({ ...estate, identity: { ...estate.identity, serverUrl } })).toBe(hostname);
  });
});

describe("a cluster", () => {
  it("is called by its id and, where it has another, its name", () => {
    expect(clusterTarget({ id: "c-abc12", name: "paris" })).toBe("cluster c-abc12 (paris)");
    expect(clusterTarget({ id: "c-abc12", name: "c-abc12" })).toBe("cluster c-abc12");
  });

  it("is downstream unless it is Rancher's own", () => {
    expect(downstreamClusters(estate).map(({ id }) => id)).toEqual(["c-1"]);
  });
});
