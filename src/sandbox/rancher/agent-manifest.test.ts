import { expect, test } from "vitest";
import { AGENT_FEATURES, agentDeployment, agentManifest, caChecksum, type ManifestFacts } from "./agent-manifest.ts";
import { recordOf } from "./norman.ts";
import { rancherProfile } from "./profile.ts";

const facts = (version: string, rest: Partial<ManifestFacts> = {}): ManifestFacts => ({
  profile: rancherProfile(version),
  serverUrl: "https://rancher.example:9443",
  bundle: "bundle",
  installUuid: "66a9929a-ea04-487f-8e9d-d66703fc0df2",
  strict: true,
  token: "token",
  namespace: "c-69ndf",
  features: AGENT_FEATURES,
  ...rest,
});

function environment(version: string, rest: Partial<ManifestFacts> = {}): string[] {
  const podSpec = recordOf(recordOf(recordOf(agentDeployment(facts(version, rest)).spec).template).spec);
  const [container] = Array.isArray(podSpec.containers) ? podSpec.containers.map(recordOf) : [];
  return Array.isArray(container?.env) ? container.env.map(({ name }) => name) : [];
}

test("the environment has the names and the order that were recorded on 2.15.1", () => {
  expect(environment("2.15.1")).toEqual([
    "CATTLE_FEATURES",
    "CATTLE_SERVER",
    "CATTLE_CA_CHECKSUM",
    "CATTLE_CLUSTER",
    "CATTLE_K8S_MANAGED",
    "CATTLE_SYSTEM_DEFAULT_REGISTRY",
    "CATTLE_CREDENTIAL_NAME",
    "CATTLE_SUC_APP_NAME_OVERRIDE",
    "CATTLE_SERVER_VERSION",
    "CATTLE_INSTALL_UUID",
    "CATTLE_INGRESS_IP_DOMAIN",
    "STRICT_VERIFY",
  ]);
});

test.each([
  {
    version: "2.6",
    has: ["CATTLE_CLUSTER_REGISTRY", "CATTLE_IS_RKE"],
    lacks: ["STRICT_VERIFY", "CATTLE_CREDENTIAL_NAME"],
  },
  { version: "2.9", has: ["CATTLE_CREDENTIAL_NAME", "CATTLE_IS_RKE"], lacks: ["CATTLE_SUC_APP_NAME_OVERRIDE"] },
  { version: "2.12", has: ["CATTLE_SUC_APP_NAME_OVERRIDE"], lacks: ["CATTLE_IS_RKE"] },
])("$version has its own set of variables", ({ version, has, lacks }) => {
  const strict = version === "2.6" ? undefined : true;
  const names = environment(version, { strict });
  expect(names).toEqual(expect.arrayContaining(has));
  expect(names.filter((name) => lacks.includes(name))).toEqual([]);
});

test("the import manifest has no CATTLE_FEATURES", () => {
  expect(environment("2.15.1", { features: undefined })).not.toContain("CATTLE_FEATURES");
});

test("the Deployment has no probes, no minReadySeconds, and surges by one", () => {
  const spec = recordOf(agentDeployment(facts("2.15.1")).spec);
  expect(spec.strategy).toEqual({ type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
  expect(spec).not.toHaveProperty("minReadySeconds");
  expect(JSON.stringify(spec)).not.toContain("Probe");
});

test("what is applied, in order", () => {
  expect(agentManifest(facts("2.15.1")).map(({ kind }) => kind)).toEqual([
    "Namespace",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Secret",
    "Deployment",
    "Service",
  ]);
});

test.each([
  { name: "nothing is no pin", value: "", pin: "" },
  {
    name: "a value without newline is hashed with one",
    value: "a",
    pin: "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7",
  },
  {
    name: "a value that ends in a newline is hashed as it is",
    value: "a\n",
    pin: "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7",
  },
])("the pin: $name", ({ value, pin }) => {
  expect(caChecksum(value)).toBe(pin);
});
