import { describe, expect, test } from "vitest";
import {
  agentWith,
  armedAgent,
  clusterWith,
  localCluster,
  NOW,
  offlineCluster,
  withUnproved,
} from "../../../test/helpers/estate-builder.ts";
import { estateOf, PIN } from "../../../test/helpers/plan-builder.ts";
import { plain, trailingBlanks } from "../../../test/helpers/terminal.ts";
import type { Cluster } from "../../estate/cluster.ts";
import type { Estate } from "../../estate/estate.ts";
import { commonName, describeCertificate, renderEstate } from "./estate.ts";

const CERTIFICATE = {
  subject: "CN=rancher.example.test,O=Example",
  issuer: "CN=Example Issuing",
  fingerprint: "f".repeat(64),
  notBefore: NOW.toISOString(),
  notAfter: "2027-01-31T10:00:00.000Z",
  ca: false,
};

function rowsOf(estate: Estate): string[][] {
  const lines = plain(renderEstate(estate)).split("\n");
  const from = lines.findIndex((line) => line.startsWith("CLUSTER"));
  const to = lines.indexOf("", from);
  return lines.slice(from, to).map((line) => line.split(/ {2,}/));
}

/** `Pods` → `1 of 1 ready in cattle-system` */
function factOf(estate: Estate, name: string): string | undefined {
  const line = plain(renderEstate(estate))
    .split("\n")
    .find((one) => one.startsWith(`${name} `));
  return line?.slice(name.length).trim();
}

describe("a cluster's line", () => {
  test.each<{ name: string; cluster: Cluster; cells: string[] }>([
    {
      name: "connected, with the served pin",
      cluster: clusterWith("c-1", agentWith(PIN.current), { name: "paris" }),
      cells: ["c-1", "paris", "v1.33.4", "yes", "1/1 ready", PIN.current.slice(0, 12), "cluster-agent, kubeconfig"],
    },
    {
      name: "with another pin, which words say and not a colour alone",
      cluster: clusterWith("c-1", agentWith(PIN.both)),
      cells: [
        "c-1",
        "name-of-c-1",
        "v1.33.4",
        "yes",
        "1/1 ready",
        `${PIN.both.slice(0, 12)} differs`,
        expect.any(String),
      ],
    },
    {
      name: "without any pin",
      cluster: clusterWith("c-1", agentWith("")),
      cells: ["c-1", "name-of-c-1", "v1.33.4", "yes", "1/1 ready", "none", expect.any(String)],
    },
    {
      name: "offline",
      cluster: offlineCluster("c-1"),
      cells: ["c-1", "name-of-c-1", "v1.33.4", "no", "not seen", "–", expect.any(String)],
    },
    {
      name: "the management cluster itself",
      cluster: localCluster(),
      cells: ["local", "local", "v1.33.4", "itself", "none needed", "–", "none"],
    },
    {
      name: "with what this version cannot move",
      cluster: withUnproved(clusterWith("c-1", agentWith(PIN.current)), "system-agent"),
      cells: [...Array(6).fill(expect.any(String)), "cluster-agent, kubeconfig, system-agent"],
    },
    {
      name: "armed",
      cluster: clusterWith("c-1", armedAgent(PIN.current, PIN.both)),
      cells: [...Array(5).fill(expect.any(String)), `${PIN.both.slice(0, 12)} differs`, expect.any(String)],
    },
  ])("$name", ({ cluster, cells }) => {
    const rows = rowsOf(estateOf([cluster]));
    expect(rows[0]).toEqual(["CLUSTER", "NAME", "KUBERNETES", "CONNECTED", "AGENT", "PIN", "CONSUMERS"]);
    expect(rows[1]).toEqual(cells);
  });
});

describe("the estate's facts", () => {
  const estate = estateOf([clusterWith("c-1", agentWith(PIN.current)), offlineCluster("c-2")]);

  test("Rancher, its pods and the whole pin, as the JSON has them", () => {
    expect(factOf(estate, "Rancher")).toBe("v2.15.1 at https://rancher.example.test");
    expect(factOf(estate, "Pods")).toBe("1 of 1 ready in cattle-system");
    expect(factOf(estate, "Pin")).toBe(PIN.current);
    expect(
      rowsOf(estate)
        .slice(1)
        .map(([id]) => id),
    ).toEqual(estate.clusters.map(({ id }) => id));
  });

  test.each([
    { name: "none was found", certificates: [], says: "none" },
    {
      name: "the leaf, who issued it, and its last day",
      certificates: [CERTIFICATE],
      says: "rancher.example.test, issued by Example Issuing, until 2027-01-31",
    },
  ])("the certificate: $name", ({ certificates, says }) => {
    expect(factOf({ ...estate, serving: { ...estate.serving, certificates } }, "Certificate")).toBe(says);
  });

  test("an address that does not answer says why", () => {
    const presented = [
      { address: "192.0.2.1:443", fingerprints: [], at: NOW.toISOString() },
      { address: "192.0.2.2:443", fingerprints: [], at: NOW.toISOString(), error: "refused" },
    ];
    const partly = { ...estate, serving: { ...estate.serving, presented } };
    expect(factOf(partly, "Presented on")).toBe("192.0.2.1:443, 192.0.2.2:443 (refused)");
  });

  test("what could not be looked at stands below, and why", () => {
    const text = plain(renderEstate({ ...estate, gaps: [{ target: "cluster c-2", why: "It is not connected." }] }));
    expect(text.trimEnd().split("\n").at(-1)).toBe("not seen  cluster c-2: It is not connected.");
    expect(plain(renderEstate(estate))).not.toMatch(/^not seen/m);
  });

  test("no line ends with a blank, and nothing is coloured in a file", () => {
    expect(trailingBlanks(renderEstate(estate))).toEqual([]);
    expect(plain(renderEstate(estate))).toBe(renderEstate(estate));
  });
});

test.each([
  { name: "the CN of several parts", subject: "CN=Example Root,O=Example", says: "Example Root" },
  { name: "a CN that comes later", subject: "O=Example,CN=Example Root", says: "Example Root" },
  {
    name: "its CN whole, with the commas and quotes that companies have in their names",
    subject: String.raw`CN=Example\, Inc. \"Root\" \+ more,O=A\, B`,
    says: 'Example, Inc. "Root" + more',
  },
  {
    name: "the CN, not what looks like one in another part",
    subject: String.raw`O=A\,CN=other,CN=Example`,
    says: "Example",
  },
  { name: "all of it where there is no CN", subject: "O=Example", says: "O=Example" },
])("a short name of a certificate: $name", ({ subject, says }) => {
  expect(commonName(subject)).toBe(says);
  expect(describeCertificate({ ...CERTIFICATE, subject })).toContain(`${says}, issued by`);
});
