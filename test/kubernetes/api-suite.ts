/**
 * What every Kubernetes API server does, as far as the product relies on it. Runs against any target; makes what it
 * needs in a namespace of its own and takes it away again.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiCaller, type ApiTarget } from "./api-target.ts";

const NAMESPACE = `farrier-suite-${process.pid}`;
const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;

/** @param getTarget asked once, before the first test. */
export function apiSuite(name: string, getTarget: () => Promise<ApiTarget>): void {
  describe(name, () => {
    let api: ApiCaller;

    beforeAll(async () => {
      api = new ApiCaller(await getTarget());
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
      expect((await api.call("POST", "/api/v1/namespaces", { body: namespace })).status).toBe(201);
    });

    afterAll(async () => {
      await api.call("DELETE", `/api/v1/namespaces/${NAMESPACE}`);
      await api.close();
    });

    describe("objects", () => {
      test("get an identity, a version and a time when they are created", async () => {
        const { status, body } = await api.call("POST", CONFIG_MAPS, { body: configMap("born", { a: "1" }) });
        expect(status).toBe(201);
        expect(body).toMatchObject({
          kind: "ConfigMap",
          metadata: { name: "born", namespace: NAMESPACE },
          data: { a: "1" },
        });
        expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(0);
      });

      test("get a name of their own by generateName", async () => {
        const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "made-" } };
        const first = await api.call("POST", CONFIG_MAPS, { body });
        const second = await api.call("POST", CONFIG_MAPS, { body });
        expect(first.body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
        expect(second.body.metadata.name).not.toBe(first.body.metadata.name);
      });

      test("are updated from the version that the writer knows, or not at all", async () => {
        const { body: first } = await api.call("POST", CONFIG_MAPS, { body: configMap("contested", { a: "1" }) });
        const path = `${CONFIG_MAPS}/contested`;
        expect((await api.call("PUT", path, { body: { ...first, data: { a: "2" } } })).status).toBe(200);
        const late = await api.call("PUT", path, { body: { ...first, data: { a: "3" } } });
        expect(late.status).toBe(409);
        expect(late.body).toMatchObject({ kind: "Status", reason: "Conflict", code: 409 });
        expect(late.body.message).toContain("the object has been modified");
        expect((await api.call("GET", path)).body.data).toEqual({ a: "2" });
      });

      test("are not written by a dry run, which says what would be", async () => {
        const made = await api.call("POST", `${CONFIG_MAPS}?dryRun=All`, { body: configMap("imagined", { a: "1" }) });
        expect([made.status, made.body.data]).toEqual([201, { a: "1" }]);
        expect((await api.call("GET", `${CONFIG_MAPS}/imagined`)).status).toBe(404);
        await api.call("POST", CONFIG_MAPS, { body: configMap("kept", { a: "1" }) });
        const changed = await api.call("PATCH", `${CONFIG_MAPS}/kept?dryRun=All`, {
          body: { data: { a: "2" } },
          contentType: "application/merge-patch+json",
        });
        expect(changed.body.data).toEqual({ a: "2" });
        await api.call("DELETE", `${CONFIG_MAPS}/kept?dryRun=All`);
        expect((await api.call("GET", `${CONFIG_MAPS}/kept`)).body.data).toEqual({ a: "1" });
      });

      test("keep their version when a write changes nothing", async () => {
        const { body } = await api.call("POST", CONFIG_MAPS, { body: configMap("still", { a: "1" }) });
        const again = await api.patch(`${CONFIG_MAPS}/still`, "merge", { data: { a: "1" } });
        expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
      });

      test("stay until their finalizers are gone", async () => {
        const held = configMap("held");
        const metadata = { ...held.metadata, finalizers: ["farrier.example/hold"] };
        await api.call("POST", CONFIG_MAPS, { body: { ...held, metadata } });
        await api.call("DELETE", `${CONFIG_MAPS}/held`);
        expect((await api.call("GET", `${CONFIG_MAPS}/held`)).body.metadata.deletionTimestamp).toBeDefined();
        await api.patch(`${CONFIG_MAPS}/held`, "json", [{ op: "remove", path: "/metadata/finalizers/0" }]);
        expect((await api.call("GET", `${CONFIG_MAPS}/held`)).status).toBe(404);
      });

      test("are deleted only if they are the ones meant", async () => {
        await api.call("POST", CONFIG_MAPS, { body: configMap("meant") });
        const body = {
          apiVersion: "v1",
          kind: "DeleteOptions",
          preconditions: { uid: "00000000-0000-4000-8000-000000000000" },
        };
        const refused = await api.call("DELETE", `${CONFIG_MAPS}/meant`, { body });
        expect([refused.status, refused.body.reason]).toEqual([409, "Conflict"]);
        expect((await api.call("DELETE", `${CONFIG_MAPS}/meant`)).body).toMatchObject({
          kind: "Status",
          status: "Success",
        });
      });

      test("that are Secrets take plain text and give base64", async () => {
        const body = { apiVersion: "v1", kind: "Secret", metadata: { name: "plain" }, stringData: { a: "text" } };
        const { body: made } = await api.call("POST", SECRETS, { body });
        expect(made).toMatchObject({ type: "Opaque", data: { a: "dGV4dA==" } });
        expect(made.stringData).toBeUndefined();
      });
    });

    describe("Deployments", () => {
      test("count the changes of what is wanted, and keep the status apart", async () => {
        const { body: made } = await api.call("POST", DEPLOYMENTS, { body: deployment("agent") });
        expect(made.metadata.generation).toBe(1);
        expect(made.spec.strategy.rollingUpdate).toEqual({ maxSurge: "25%", maxUnavailable: "25%" });
        const path = `${DEPLOYMENTS}/agent`;
        const armed = await api.patch(path, "strategic-merge", {
          spec: {
            minReadySeconds: 30,
            template: { spec: { containers: [{ name: "main", env: [{ name: "PIN", value: "next" }] }] } },
          },
          status: { collisionCount: 7 },
        });
        expect(armed.body.metadata.generation).toBe(2);
        expect(armed.body.status.collisionCount).toBeUndefined();
        expect(armed.body.spec.template.spec.containers[0]).toMatchObject({
          image: "example/agent:1",
          env: [
            { name: "PIN", value: "next" },
            { name: "KEPT", value: "yes" },
          ],
        });
        const reported = await api.patch(`${path}/status`, "merge", {
          status: { collisionCount: 7 },
          spec: { minReadySeconds: 9 },
        });
        expect(reported.body.status.collisionCount).toBe(7);
        expect(reported.body.spec.minReadySeconds).toBe(30);
      });

      test("must select their own pods", async () => {
        const wrong = deployment("wrong");
        const spec = { ...wrong.spec, selector: { matchLabels: { app: "other" } } };
        const { status, body } = await api.call("POST", DEPLOYMENTS, { body: { ...wrong, spec } });
        expect([status, body.reason]).toEqual([422, "Invalid"]);
        expect(body.message).toContain("`selector` does not match template `labels`");
      });
    });

    describe("patches", () => {
      test("by JSON test before they write", async () => {
        await api.call("POST", CONFIG_MAPS, { body: configMap("tested", { a: "1" }) });
        const path = `${CONFIG_MAPS}/tested`;
        const replace = { op: "replace", path: "/data/a", value: "2" };
        const refused = await api.patch(path, "json", [{ op: "test", path: "/data/a", value: "other" }, replace]);
        expect([refused.status, refused.body.reason]).toEqual([422, "Invalid"]);
        const done = await api.patch(path, "json", [{ op: "test", path: "/data/a", value: "1" }, replace]);
        expect(done.body.data).toEqual({ a: "2" });
      });

      test("that name an old version are refused", async () => {
        const { body } = await api.call("POST", CONFIG_MAPS, { body: configMap("versioned", { a: "1" }) });
        await api.patch(`${CONFIG_MAPS}/versioned`, "merge", { data: { a: "2" } });
        const { resourceVersion } = body.metadata;
        const late = await api.patch(`${CONFIG_MAPS}/versioned`, "merge", {
          metadata: { resourceVersion },
          data: { a: "3" },
        });
        expect([late.status, late.body.reason]).toEqual([409, "Conflict"]);
      });
    });

    describe("lists", () => {
      const names = ["page-a", "page-b", "page-c", "page-d", "page-e"];

      beforeAll(async () => {
        for (const each of names)
          await api.call("POST", CONFIG_MAPS, { body: configMap(each, {}, { suite: "pages", odd: each }) });
      });

      test("come in pages that show one moment", async () => {
        const path = `${CONFIG_MAPS}?labelSelector=suite%3Dpages`;
        const first = await api.call("GET", `${path}&limit=2`);
        expect(namesOf(first.body)).toEqual(["page-a", "page-b"]);
        await api.call("POST", CONFIG_MAPS, { body: configMap("page-bb", {}, { suite: "pages" }) });
        await api.call("DELETE", `${CONFIG_MAPS}/page-d`);
        const token = encodeURIComponent(first.body.metadata.continue);
        const second = await api.call("GET", `${path}&limit=2&continue=${token}`);
        expect(namesOf(second.body)).toEqual(["page-c", "page-d"]);
        expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
        const last = await api.call(
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
          expect(namesOf((await api.call("GET", `${CONFIG_MAPS}?${query}`)).body)).toEqual(found);
        });
      }

      test("refuse what is no selector, and no token", async () => {
        for (const query of ["labelSelector=a+in+b", "fieldSelector=spec.none%3Dx", "continue=nonsense"]) {
          expect([query, (await api.call("GET", `${CONFIG_MAPS}?${query}`)).status]).toEqual([query, 400]);
        }
      });
    });

    describe("watches", () => {
      test("go on from a version, without losing or repeating a change", async () => {
        const { body: list } = await api.call("GET", CONFIG_MAPS);
        const path = `${CONFIG_MAPS}?watch=true&resourceVersion=${list.metadata.resourceVersion}&timeoutSeconds=30`;
        await api.call("POST", CONFIG_MAPS, { body: configMap("seen", { a: "1" }) });
        const watching = api.watch(path, (events) => events.some((event) => event.type === "DELETED"));
        await api.patch(`${CONFIG_MAPS}/seen`, "merge", { data: { a: "2" } });
        await api.call("DELETE", `${CONFIG_MAPS}/seen`);
        const events = await watching;
        expect(events.map((event) => [event.type, event.object.metadata.name])).toEqual([
          ["ADDED", "seen"],
          ["MODIFIED", "seen"],
          ["DELETED", "seen"],
        ]);
      });

      test("without a version begin with what there is", async () => {
        await api.call("POST", CONFIG_MAPS, { body: configMap("there") });
        const path = `${CONFIG_MAPS}?watch=true&fieldSelector=metadata.name%3Dthere&timeoutSeconds=30`;
        const [first] = await api.watch(path, (events) => events.length > 0);
        expect([first?.type, first?.object.metadata.name]).toEqual(["ADDED", "there"]);
      });

      test("send bookmarks when asked, and end at their time", async () => {
        const { body: list } = await api.call("GET", SECRETS);
        const path = `${SECRETS}?watch=true&resourceVersion=${list.metadata.resourceVersion}&timeoutSeconds=3&allowWatchBookmarks=true`;
        const events = await api.watch(path, () => false);
        const [bookmark] = events.filter((event) => event.type === "BOOKMARK");
        expect(Number(bookmark?.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(
          Number(list.metadata.resourceVersion),
        );
        expect(bookmark?.object.kind).toBe("Secret");
      });

      test("from a version that is long gone end with 410", async () => {
        const path = `${CONFIG_MAPS}?watch=true&resourceVersion=1&timeoutSeconds=30`;
        for (let count = 0; count < 40; count += 1) {
          await api.patch(`${CONFIG_MAPS}/there`, "merge", { data: { count: String(count) } });
        }
        const [first] = await api.watch(path, () => true);
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
        expect((await api.call("POST", path, { body: review("patch") })).body.status.allowed).toBe(true);
        const self = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
        const answer = await api.call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", { body: self });
        expect(answer.body.status.userInfo.groups).toContain("system:authenticated");
      });

      test("what is there: groups, resources and their verbs, the version", async () => {
        const groups = (await api.call("GET", "/apis")).body.groups.map((group: { name: string }) => group.name);
        expect(groups).toEqual(expect.arrayContaining(["apps", "apiextensions.k8s.io", "coordination.k8s.io"]));
        const apps = (await api.call("GET", "/apis/apps/v1")).body;
        expect(apps).toMatchObject({ kind: "APIResourceList", groupVersion: "apps/v1" });
        const found = apps.resources.find((each: { name: string }) => each.name === "deployments");
        expect(found).toMatchObject({ kind: "Deployment", namespaced: true, shortNames: ["deploy"] });
        expect(found.verbs).toEqual(expect.arrayContaining(["get", "list", "watch", "patch"]));
        expect((await api.call("GET", "/version")).body.gitVersion).toMatch(/^v1\.\d+/);
      });

      test("in which form: tables and bare metadata", async () => {
        const table = await api.call("GET", `${DEPLOYMENTS}/agent`, {
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
        const bare = await api.call("GET", `${CONFIG_MAPS}?limit=1`, { accept });
        expect(bare.body.kind).toBe("PartialObjectMetadataList");
        expect(bare.body.items[0].data).toBeUndefined();
      });
    });

    describe("refusals", () => {
      const rows: readonly {
        name: string;
        method: string;
        path: string;
        call?: Parameters<ApiCaller["call"]>[2];
        status: number;
        reason: string;
        message?: string;
      }[] = [
        {
          name: "what is not there",
          method: "GET",
          path: `${CONFIG_MAPS}/none`,
          status: 404,
          reason: "NotFound",
          message: 'configmaps "none" not found',
        },
        {
          name: "a name that is taken",
          method: "POST",
          path: CONFIG_MAPS,
          call: { body: configMap("born") },
          status: 409,
          reason: "AlreadyExists",
          message: 'configmaps "born" already exists',
        },
        {
          name: "a namespace that is not there",
          method: "POST",
          path: "/api/v1/namespaces/nowhere-at-all/configmaps",
          call: { body: configMap("x") },
          status: 404,
          reason: "NotFound",
          message: 'namespaces "nowhere-at-all" not found',
        },
        {
          name: "malformed JSON",
          method: "POST",
          path: CONFIG_MAPS,
          call: { text: "{bad" },
          status: 400,
          reason: "BadRequest",
        },
        {
          name: "an object without a kind",
          method: "POST",
          path: CONFIG_MAPS,
          call: { body: {} },
          status: 400,
          reason: "BadRequest",
        },
        {
          name: "an object of another version",
          method: "POST",
          path: CONFIG_MAPS,
          call: { body: { ...configMap("x"), apiVersion: "v9" } },
          status: 400,
          reason: "BadRequest",
          message: "does not match the expected API version",
        },
        {
          name: "an object of another namespace",
          method: "POST",
          path: CONFIG_MAPS,
          call: { body: { ...configMap("x"), metadata: { name: "x", namespace: "default" } } },
          status: 400,
          reason: "BadRequest",
          message: "the namespace of the provided object does not match the namespace sent on the request",
        },
        {
          name: "a name that is none",
          method: "POST",
          path: CONFIG_MAPS,
          call: { body: configMap("Not_A_Name") },
          status: 422,
          reason: "Invalid",
          message: "a lowercase RFC 1123 subdomain must consist of",
        },
        {
          name: "a Secret that is not base64",
          method: "POST",
          path: SECRETS,
          call: { body: { apiVersion: "v1", kind: "Secret", metadata: { name: "x" }, data: { a: "***" } } },
          status: 400,
          reason: "BadRequest",
          message: "illegal base64 data",
        },
        {
          name: "a TLS Secret without its key",
          method: "POST",
          path: SECRETS,
          call: {
            body: {
              apiVersion: "v1",
              kind: "Secret",
              type: "kubernetes.io/tls",
              metadata: { name: "x" },
              data: { "tls.crt": "" },
            },
          },
          status: 422,
          reason: "Invalid",
          message: "data[tls.key]: Required value",
        },
        {
          name: "a body of 4 MiB",
          method: "POST",
          path: CONFIG_MAPS,
          call: { body: configMap("big", { a: "x".repeat(4 * 1024 * 1024) }) },
          status: 413,
          reason: "RequestEntityTooLarge",
          message: "Request entity too large: limit is 3145728",
        },
        {
          name: "a content type that it does not know",
          method: "POST",
          path: CONFIG_MAPS,
          call: { text: "<x/>", contentType: "application/xml" },
          status: 415,
          reason: "UnsupportedMediaType",
        },
        {
          name: "a patch without its content type",
          method: "PATCH",
          path: `${CONFIG_MAPS}/born`,
          call: { body: {} },
          status: 415,
          reason: "UnsupportedMediaType",
        },
        {
          name: "an answer that is not to be JSON",
          method: "GET",
          path: CONFIG_MAPS,
          call: { accept: "text/html" },
          status: 406,
          reason: "NotAcceptable",
        },
        {
          name: "posting to an object",
          method: "POST",
          path: `${CONFIG_MAPS}/born`,
          call: { body: configMap("born") },
          status: 405,
          reason: "MethodNotAllowed",
          message: "the server does not allow this method on the requested resource",
        },
        {
          name: "another name than that in the path",
          method: "PUT",
          path: `${CONFIG_MAPS}/born`,
          call: { body: configMap("other") },
          status: 400,
          reason: "BadRequest",
          message: "does not match the name on the URL",
        },
        {
          name: "a token that it does not know",
          method: "GET",
          path: CONFIG_MAPS,
          call: { token: "nobody" },
          status: 401,
          reason: "Unauthorized",
        },
        {
          name: "nobody in particular",
          method: "GET",
          path: CONFIG_MAPS,
          call: { token: null },
          status: 403,
          reason: "Forbidden",
          message: 'User "system:anonymous" cannot list resource "configmaps"',
        },
        {
          name: "a field that the kind does not have, when asked to be strict",
          method: "POST",
          path: `${CONFIG_MAPS}?fieldValidation=Strict`,
          call: { body: { ...configMap("x"), dada: {} } },
          status: 400,
          reason: "BadRequest",
          message: 'unknown field "dada"',
        },
        {
          name: "a version that is none",
          method: "GET",
          path: `${CONFIG_MAPS}?resourceVersion=abc`,
          status: 400,
          reason: "BadRequest",
        },
      ];
      for (const { name, method, path, call, status, reason, message } of rows) {
        test(`are Status objects: ${name}`, async () => {
          const answer = await api.call(method, path, call);
          expect(answer.body).toMatchObject({
            kind: "Status",
            apiVersion: "v1",
            status: "Failure",
            reason,
            code: status,
          });
          expect(answer.status).toBe(status);
          expect(answer.body.message).toContain(message ?? "");
        });
      }

      test("of unknown kinds are 404", async () => {
        expect((await api.call("GET", "/apis/example.invalid/v1/things")).status).toBe(404);
        expect((await api.call("GET", `/api/v1/namespaces/${NAMESPACE}/things`)).status).toBe(404);
        expect((await api.call("GET", `${CONFIG_MAPS}/born/status`)).status).toBe(404);
      });
    });
  });
}

function configMap(
  name: string,
  data: Readonly<Record<string, string>> = {},
  labels: Readonly<Record<string, string>> = {},
) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels }, data };
}

function deployment(name: string) {
  const labels = { app: name };
  const container = {
    name: "main",
    image: "example/agent:1",
    env: [
      { name: "PIN", value: "now" },
      { name: "KEPT", value: "yes" },
    ],
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}

function namesOf(list: { items: readonly { metadata: { name: string } }[] }): readonly string[] {
  return list.items.map((item) => item.metadata.name);
}
