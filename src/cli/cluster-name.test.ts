import { expect, test } from "vitest";
import { findCluster } from "./cluster-name.ts";

const CLUSTERS = [
  { id: "local", name: "local" },
  { id: "c-abc12", name: "paris" },
  { id: "c-m-x7k2p9qz", name: "lima" },
  { id: "c-def34", name: "oslo" },
  { id: "c-ghi56", name: "oslo" },
];

const found = [
  { name: "by id", said: "c-abc12", id: "c-abc12" },
  { name: "by display name", said: "lima", id: "c-m-x7k2p9qz" },
  {
    name: "by a page of Rancher's",
    said: "https://rancher.example.com/dashboard/c/c-m-x7k2p9qz/explorer#x",
    id: "c-m-x7k2p9qz",
  },
  { name: "by a proxy URL", said: "https://rancher.example.com/k8s/clusters/c-abc12/api/v1", id: "c-abc12" },
  { name: "by an old page", said: "https://rancher.example.com/c/c-def34/monitoring", id: "c-def34" },
  { name: "the management cluster", said: "local", id: "local" },
];

test.each(found)("a cluster is found $name", ({ said, id }) => {
  expect(findCluster(said, CLUSTERS).id).toBe(id);
});

const refused: { name: string; said: string; among?: typeof CLUSTERS; code: string; hint: string }[] = [
  {
    name: "a slip of the pen gets the near name",
    said: "pariss",
    code: "input.cluster-unknown",
    hint: "Did you mean paris (c-abc12)?",
  },
  {
    name: "nothing near",
    said: "reykjavik",
    code: "input.cluster-unknown",
    hint: "farrier observe lists all clusters.",
  },
  {
    name: "a short name that has no letter in common with any",
    said: "xx",
    among: [{ id: "c-33333", name: "lo" }],
    code: "input.cluster-unknown",
    hint: "farrier observe lists all clusters.",
  },
  {
    name: "a slip in an id, too",
    said: "c-abc13",
    code: "input.cluster-unknown",
    hint: "Did you mean paris (c-abc12)?",
  },
  {
    name: "the nearest first, and three at most",
    said: "lime",
    among: ["dime", "lima", "limes", "time", "slimy", "lo"].map((name, index) => ({ id: `c-0000${index}`, name })),
    code: "input.cluster-unknown",
    hint: "Did you mean dime (c-00000) or lima (c-00001) or limes (c-00002)?",
  },
  {
    name: "a third of the letters of a long one",
    said: "frankfurt-west",
    among: [
      { id: "c-11111", name: "frankfurt-east" },
      { id: "c-22222", name: "frankfurt-outer-ring" },
    ],
    code: "input.cluster-unknown",
    hint: "Did you mean frankfurt-east (c-11111)?",
  },
  {
    name: "a cluster without another name is named once",
    said: "loca",
    code: "input.cluster-unknown",
    hint: "Did you mean local or lima (c-m-x7k2p9qz)?",
  },
  {
    name: "a page of a cluster that there is not",
    said: "https://rancher.example.com/dashboard/c/c-m-aaaaaaaa/explorer",
    code: "input.cluster-unknown",
    hint: "farrier observe lists all clusters.",
  },
  {
    name: "a name that two clusters have",
    said: "oslo",
    code: "input.cluster-ambiguous",
    hint: "Name one by its id: c-def34, c-ghi56.",
  },
];

test.each(refused)("a cluster is not guessed: $name", ({ said, among = CLUSTERS, code, hint }) => {
  expect(() => findCluster(said, among)).toThrow(expect.objectContaining({ code, hint }));
});
