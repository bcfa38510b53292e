/** A real kube-apiserver before the suite that the sandbox's passes: whatever the suite says is so in reality. */

import { afterAll, beforeAll, describe } from "vitest";
import { apiSuite } from "./api-suite.ts";
import { areBuilt } from "./control-plane/binaries.ts";
import { type ControlPlane, startControlPlane } from "./control-plane/control-plane.ts";

describe.skipIf(!areBuilt("etcd", "kube-apiserver"))("with etcd behind it", () => {
  let controlPlane: ControlPlane;

  beforeAll(async () => {
    controlPlane = await startControlPlane({
      name: "suite",
      controllers: false,
      // Nobody makes the service accounts of namespaces here.
      withoutAdmission: ["ServiceAccount"],
    });
  });

  afterAll(() => controlPlane?.stop());

  apiSuite("a real kube-apiserver", async () => {
    const { url, caPem, token } = controlPlane;
    return { baseUrl: url, ca: caPem, token, forget: () => controlPlane.restartApiServer() };
  });
});
