/** What the API answers when it does not do what it is asked. */

import { describe, expect, test } from "vitest";
import type { ApiCaller } from "../api-target.ts";
import { CONFIG_MAPS, configMap, DEPLOYMENTS, deployment, NAMESPACE, SECRETS } from "./samples.ts";

export function refusals(api: () => ApiCaller): void {
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
        name: "an object without a name",
        method: "POST",
        path: CONFIG_MAPS,
        call: { body: {} },
        status: 422,
        reason: "Invalid",
        message: 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
      },
      {
        name: "an object of another version",
        method: "POST",
        path: CONFIG_MAPS,
        call: { body: { ...configMap("x"), apiVersion: "v9" } },
        status: 400,
        reason: "BadRequest",
        message: 'ConfigMap in version "v9" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered',
      },
      {
        name: "an object of an old version",
        method: "POST",
        path: DEPLOYMENTS,
        call: { body: { ...deployment("x"), apiVersion: "apps/v1beta1" } },
        status: 400,
        reason: "BadRequest",
        message: "the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)",
      },
      {
        name: "an object of another kind",
        method: "POST",
        path: CONFIG_MAPS,
        call: { body: { apiVersion: "v1", kind: "Secret", metadata: { name: "x" } } },
        status: 400,
        reason: "BadRequest",
        message: 'Secret in version "v1" cannot be handled as a ConfigMap',
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
        const answer = await api().call(method, path, call);
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
      expect((await api().call("GET", "/apis/example.invalid/v1/things")).status).toBe(404);
      expect((await api().call("GET", `/api/v1/namespaces/${NAMESPACE}/things`)).status).toBe(404);
      expect((await api().call("GET", `${CONFIG_MAPS}/born/status`)).status).toBe(404);
    });
  });
}
