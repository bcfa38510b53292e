/** Lists, watches, and what the API says of itself. */

import { beforeAll, describe, expect, test } from "vitest";
import type { ApiCaller } from "../api-target.ts";
import { CONFIG_MAPS, configMap, DEPLOYMENTS, NAMESPACE, namesOf, SECRETS } from "./samples.ts";

export function reads(api: () => ApiCaller): void {
  describe("lists", () => {
    const names = ["page-a", "page-b", "page-c", "page-d", "page-e"];

    beforeAll(async () => {
      for (const each of names)
        await api().call("POST", CONFIG_MAPS, { body: configMap(each, {}, { suite: "pages", odd: each }) });
    });

    test("come in pages that show one moment", async () => {
      const path = `${CONFIG_MAPS}?labelSelector=suite%3Dpages`;
      const first = await api().call("GET", `${path}&limit=2`);
      expect(namesOf(first.body)).toEqual(["page-a", "page-b"]);
      await api().call("POST", CONFIG_MAPS, { body: configMap("page-bb", {}, { suite: "pages" }) });
      await api().call("DELETE", `${CONFIG_MAPS}/page-d`);
      const token = encodeURIComponent(first.body.metadata.continue);
      const second = await api().call("GET", `${path}&limit=2&continue=${token}`);
      expect(namesOf(second.body)).toEqual(["page-c", "page-d"]);
      expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
      const last = await api().call(
        "GET",
        `${path}&limit=2&continue=${encodeURIComponent(second.body.metadata.continue)}`,
      );
      expect(namesOf(last.body)).toEqual(["page-e"]);
      expect(last.body.metadata.continue).toBeUndefined();
    });

    const selections: readonly { query: string; found: readonly string[] }[] = [
      { query: "labelSelector=odd+in+(page-a,page-c)", found: ["page-a", "page-c"] },
      { query: "labelSelector=suite%3Dpages,odd+notin+(page-a,page-b,page-d,page-e),odd", found: ["page-c"] },
      { query: "fieldSelector=metadata.name%3Dpage-e", found: ["page-e"] },
    ];
    for (const { query, found } of selections) {
      test(`are narrowed by ${query}`, async () => {
        expect(namesOf((await api().call("GET", `${CONFIG_MAPS}?${query}`)).body)).toEqual(found);
      });
    }

    test("refuse what is no selector, and no token", async () => {
      for (const query of ["labelSelector=a+in+b", "fieldSelector=spec.none%3Dx", "continue=nonsense"]) {
        expect([query, (await api().call("GET", `${CONFIG_MAPS}?${query}`)).status]).toEqual([query, 400]);
      }
    });
  });

  describe("watches", () => {
    test("go on from a version, without losing or repeating a change", async () => {
      const { body: list } = await api().call("GET", CONFIG_MAPS);
      const path = `${CONFIG_MAPS}?watch=true&resourceVersion=${list.metadata.resourceVersion}&timeoutSeconds=30`;
      await api().call("POST", CONFIG_MAPS, { body: configMap("seen", { a: "1" }) });
      const watching = api().watch(path, (events) => events.some((event) => event.type === "DELETED"));
      await api().patch(`${CONFIG_MAPS}/seen`, "merge", { data: { a: "2" } });
      await api().call("DELETE", `${CONFIG_MAPS}/seen`);
      const events = await watching;
      expect(events.map((event) => [event.type, event.object.metadata.name])).toEqual([
        ["ADDED", "seen"],
        ["MODIFIED", "seen"],
        ["DELETED", "seen"],
      ]);
    });

    test("without a version begin with what there is", async () => {
      await api().call("POST", CONFIG_MAPS, { body: configMap("there") });
      const path = `${CONFIG_MAPS}?watch=true&fieldSelector=metadata.name%3Dthere&timeoutSeconds=30`;
      const [first] = await api().watch(path, (events) => events.length > 0);
      expect([first?.type, first?.object.metadata.name]).toEqual(["ADDED", "there"]);
    });

    test("that see nothing still learn by bookmarks how far the world has gone, and end at their time", async () => {
      const { body: list } = await api().call("GET", SECRETS);
      const begin = `resourceVersion=${list.metadata.resourceVersion}&timeoutSeconds=10&allowWatchBookmarks=true`;
      const watching = api().watch(`${SECRETS}?watch=true&${begin}&fieldSelector=metadata.name%3Dnobody`, () => false);
      const body = { apiVersion: "v1", kind: "Secret", metadata: { name: "somebody" } };
      const { body: made } = await api().call("POST", SECRETS, { body });
      const [bookmark] = await watching;
      expect(bookmark).toMatchObject({ type: "BOOKMARK", object: { kind: "Secret", apiVersion: "v1" } });
      expect(Number(bookmark?.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(
        Number(made.metadata.resourceVersion),
      );
    });

    test("from a version that is long gone end with 410", async () => {
      const path = `${CONFIG_MAPS}?watch=true&resourceVersion=1&timeoutSeconds=30`;
      await api().forget(`${CONFIG_MAPS}/there`);
      const [first] = await api().watch(path, () => true);
      expect(first).toMatchObject({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
    });
  });

  describe("questions", () => {
    test("who am I and may I are answered", async () => {
      const review = (verb: string) => ({
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes: { group: "apps", resource: "deployments", verb, namespace: NAMESPACE } },
      });
      const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
      expect((await api().call("POST", path, { body: review("patch") })).body.status.allowed).toBe(true);
      const self = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
      const answer = await api().call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", { body: self });
      expect(answer.body.status.userInfo.groups).toContain("system:authenticated");
    });

    test("what is there: groups, resources and their verbs, the version", async () => {
      const groups = (await api().call("GET", "/apis")).body.groups.map((group: { name: string }) => group.name);
      expect(groups).toEqual(expect.arrayContaining(["apps", "apiextensions.k8s.io", "coordination.k8s.io"]));
      const apps = (await api().call("GET", "/apis/apps/v1")).body;
      expect(apps).toMatchObject({ kind: "APIResourceList", groupVersion: "apps/v1" });
      const found = apps.resources.find((each: { name: string }) => each.name === "deployments");
      expect(found).toMatchObject({ kind: "Deployment", namespaced: true, shortNames: ["deploy"] });
      expect(found.verbs).toEqual(expect.arrayContaining(["get", "list", "watch", "patch"]));
      expect((await api().call("GET", "/version")).body.gitVersion).toMatch(/^v1\.\d+/);
    });

    test("in which form: tables and bare metadata", async () => {
      const table = await api().call("GET", `${DEPLOYMENTS}/agent`, {
        accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
      });
      expect(table.body.kind).toBe("Table");
      expect(table.body.columnDefinitions.map((column: { name: string }) => column.name).slice(0, 5)).toEqual([
        "Name",
        "Ready",
        "Up-to-date",
        "Available",
        "Age",
      ]);
      expect(table.body.rows[0].cells[0]).toBe("agent");
      const accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
      const bare = await api().call("GET", `${CONFIG_MAPS}?limit=1`, { accept });
      expect(bare.body.kind).toBe("PartialObjectMetadataList");
      expect(bare.body.items[0].data).toBeUndefined();
    });
  });
}
