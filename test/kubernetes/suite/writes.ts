/** Creating, changing and deleting. */

import { describe, expect, test } from "vitest";
import type { ApiCaller } from "../api-target.ts";
import {
  CONFIG_MAPS,
  configMap,
  DEPLOYMENTS,
  deployment,
  INGRESSES,
  ingress,
  NAMESPACE,
  PODS,
  pod,
  SECRETS,
} from "./samples.ts";

export function writes(api: () => ApiCaller): void {
  describe("objects", () => {
    test("get an identity, a version and a time when they are created", async () => {
      const { status, body } = await api().call("POST", CONFIG_MAPS, { body: configMap("born", { a: "1" }) });
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
      const first = await api().call("POST", CONFIG_MAPS, { body });
      const second = await api().call("POST", CONFIG_MAPS, { body });
      expect(first.body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
      expect(second.body.metadata.name).not.toBe(first.body.metadata.name);
    });

    test("are updated from the version that the writer knows, or not at all", async () => {
      const { body: first } = await api().call("POST", CONFIG_MAPS, { body: configMap("contested", { a: "1" }) });
      const path = `${CONFIG_MAPS}/contested`;
      expect((await api().call("PUT", path, { body: { ...first, data: { a: "2" } } })).status).toBe(200);
      const late = await api().call("PUT", path, { body: { ...first, data: { a: "3" } } });
      expect(late.status).toBe(409);
      expect(late.body).toMatchObject({ kind: "Status", reason: "Conflict", code: 409 });
      expect(late.body.message).toContain("the object has been modified");
      expect((await api().call("GET", path)).body.data).toEqual({ a: "2" });
    });

    test("are not written by a dry run, which says what would be", async () => {
      const made = await api().call("POST", `${CONFIG_MAPS}?dryRun=All`, { body: configMap("imagined", { a: "1" }) });
      expect([made.status, made.body.data]).toEqual([201, { a: "1" }]);
      expect((await api().call("GET", `${CONFIG_MAPS}/imagined`)).status).toBe(404);
      await api().call("POST", CONFIG_MAPS, { body: configMap("kept", { a: "1" }) });
      const changed = await api().call("PATCH", `${CONFIG_MAPS}/kept?dryRun=All`, {
        body: { data: { a: "2" } },
        contentType: "application/merge-patch+json",
      });
      expect(changed.body.data).toEqual({ a: "2" });
      await api().call("DELETE", `${CONFIG_MAPS}/kept?dryRun=All`);
      expect((await api().call("GET", `${CONFIG_MAPS}/kept`)).body.data).toEqual({ a: "1" });
    });

    test("keep whatever a patch does not name, at every depth", async () => {
      const made = await api().call("POST", INGRESSES, { body: ingress("patched") });
      const patch = { metadata: { annotations: { mark: null } } };
      const { body } = await api().patch(`${INGRESSES}/patched`, "strategic-merge", patch);
      expect(body.metadata.annotations ?? {}).toEqual({});
      expect(body.spec).toEqual(made.body.spec);
      expect(body.spec.rules[0].http.paths[0].backend.service.port.number).toBe(80);
    });

    test("keep their version when a write changes nothing", async () => {
      const { body } = await api().call("POST", CONFIG_MAPS, { body: configMap("still", { a: "1" }) });
      const again = await api().patch(`${CONFIG_MAPS}/still`, "merge", { data: { a: "1" } });
      expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
    });

    test("stay until their finalizers are gone", async () => {
      const held = configMap("held");
      const metadata = { ...held.metadata, finalizers: ["farrier.example/hold"] };
      await api().call("POST", CONFIG_MAPS, { body: { ...held, metadata } });
      await api().call("DELETE", `${CONFIG_MAPS}/held`);
      expect((await api().call("GET", `${CONFIG_MAPS}/held`)).body.metadata.deletionTimestamp).toBeDefined();
      await api().patch(`${CONFIG_MAPS}/held`, "json", [{ op: "remove", path: "/metadata/finalizers/0" }]);
      expect((await api().call("GET", `${CONFIG_MAPS}/held`)).status).toBe(404);
    });

    test("are deleted only if they are the ones meant", async () => {
      await api().call("POST", CONFIG_MAPS, { body: configMap("meant") });
      const body = {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid: "00000000-0000-4000-8000-000000000000" },
      };
      const refused = await api().call("DELETE", `${CONFIG_MAPS}/meant`, { body });
      expect([refused.status, refused.body.reason]).toEqual([409, "Conflict"]);
      expect((await api().call("DELETE", `${CONFIG_MAPS}/meant`)).body).toMatchObject({
        kind: "Status",
        status: "Success",
      });
    });

    test("that are Secrets take plain text and give base64", async () => {
      const body = { apiVersion: "v1", kind: "Secret", metadata: { name: "plain" }, stringData: { a: "text" } };
      const { body: made } = await api().call("POST", SECRETS, { body });
      expect(made).toMatchObject({ type: "Opaque", data: { a: "dGV4dA==" } });
      expect(made.stringData).toBeUndefined();
    });
  });

  describe("Deployments", () => {
    test("count the changes of what is wanted, and keep the status apart", async () => {
      const { body: made } = await api().call("POST", DEPLOYMENTS, { body: deployment("agent") });
      expect(made.metadata.generation).toBe(1);
      expect(made.spec.strategy.rollingUpdate).toEqual({ maxSurge: "25%", maxUnavailable: "25%" });
      const path = `${DEPLOYMENTS}/agent`;
      const armed = await api().patch(path, "strategic-merge", {
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
      const reported = await api().patch(`${path}/status`, "merge", {
        status: { collisionCount: 7 },
        spec: { minReadySeconds: 9 },
      });
      expect(reported.body.status.collisionCount).toBe(7);
      expect(reported.body.spec.minReadySeconds).toBe(30);
    });

    test("must select their own pods", async () => {
      const wrong = deployment("wrong");
      const spec = { ...wrong.spec, selector: { matchLabels: { app: "other" } } };
      const { status, body } = await api().call("POST", DEPLOYMENTS, { body: { ...wrong, spec } });
      expect([status, body.reason]).toEqual([422, "Invalid"]);
      expect(body.message).toContain("`selector` does not match template `labels`");
    });
  });

  describe("pods", () => {
    const binding = (name: string, node: string) => ({
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name },
      target: { apiVersion: "v1", kind: "Node", name: node },
    });

    test("get their node by a binding, once", async () => {
      await api().call("POST", PODS, { body: pod("placed") });
      const path = `${PODS}/placed/binding`;
      const done = await api().call("POST", path, { body: binding("placed", "node-1") });
      expect([done.status, done.body.status]).toEqual([201, "Success"]);
      const { body } = await api().call("GET", `${PODS}/placed`);
      expect(body.spec.nodeName).toBe("node-1");
      expect(body.status.conditions).toMatchObject([{ type: "PodScheduled", status: "True" }]);
      const again = await api().call("POST", path, { body: binding("placed", "node-2") });
      expect([again.status, again.body.reason]).toEqual([409, "Conflict"]);
      expect(again.body.message).toBe(
        'Operation cannot be fulfilled on pods/binding "placed": pod placed is already assigned to node "node-1"',
      );
    });

    test("keep what they were made to be, but for their images", async () => {
      await api().call("POST", PODS, { body: pod("fixed") });
      const path = `${PODS}/fixed`;
      for (const spec of [
        { nodeName: "node-1" },
        { containers: [{ name: "main", env: [{ name: "A", value: "1" }] }] },
      ]) {
        const refused = await api().patch(path, "strategic-merge", { spec });
        expect([refused.status, refused.body.reason]).toEqual([422, "Invalid"]);
        expect(refused.body.message).toContain("pod updates may not change fields other than");
      }
      const image = { spec: { containers: [{ name: "main", image: "example/agent:2" }] } };
      expect((await api().patch(path, "strategic-merge", image)).status).toBe(200);
    });
  });

  describe("patches", () => {
    test("by JSON test before they write", async () => {
      await api().call("POST", CONFIG_MAPS, { body: configMap("tested", { a: "1" }) });
      const path = `${CONFIG_MAPS}/tested`;
      const replace = { op: "replace", path: "/data/a", value: "2" };
      const refused = await api().patch(path, "json", [{ op: "test", path: "/data/a", value: "other" }, replace]);
      expect([refused.status, refused.body.reason]).toEqual([422, "Invalid"]);
      const done = await api().patch(path, "json", [{ op: "test", path: "/data/a", value: "1" }, replace]);
      expect(done.body.data).toEqual({ a: "2" });
    });

    test("that name an old version are refused", async () => {
      const { body } = await api().call("POST", CONFIG_MAPS, { body: configMap("versioned", { a: "1" }) });
      await api().patch(`${CONFIG_MAPS}/versioned`, "merge", { data: { a: "2" } });
      const { resourceVersion } = body.metadata;
      const late = await api().patch(`${CONFIG_MAPS}/versioned`, "merge", {
        metadata: { resourceVersion },
        data: { a: "3" },
      });
      expect([late.status, late.body.reason]).toEqual([409, "Conflict"]);
    });
  });
}
