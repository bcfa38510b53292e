/**
 * What every Kubernetes API server does, as far as the product relies on it. Runs against any target; makes what it
 * needs in a namespace of its own and takes it away again.
 */

import { afterAll, beforeAll, describe, expect } from "vitest";
import { ApiCaller, type ApiTarget } from "./api-target.ts";
import { reads } from "./suite/reads.ts";
import { refusals } from "./suite/refusals.ts";
import { NAMESPACE } from "./suite/samples.ts";
import { writes } from "./suite/writes.ts";

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

    writes(() => api);
    reads(() => api);
    refusals(() => api);
  });
}
