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

const refused = [
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
    name: "a name that two clusters have",
    said: "oslo",
    code: "input.cluster-ambiguous",
    hint: "Name one by its id: c-def34, c-ghi56.",
  },
];

test.each(refused)("a cluster is not guessed: $name", ({ said, code, hint }) => {
  expect(() => findCluster(said, CLUSTERS)).toThrow(expect.objectContaining({ code, hint }));
});
