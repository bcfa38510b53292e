/** Where the suite works, and the objects that it makes there. */

export const NAMESPACE = `farrier-suite-${process.pid}`;
export const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
export const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;
export const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
export const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;

export const INGRESSES = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/ingresses`;

export function configMap(
  name: string,
  data: Readonly<Record<string, string>> = {},
  labels: Readonly<Record<string, string>> = {},
) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels }, data };
}

export function deployment(name: string) {
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

export function ingress(name: string) {
  const backend = { service: { name, port: { number: 80 } } };
  const paths = [{ path: "/", pathType: "ImplementationSpecific", backend }];
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, annotations: { mark: "made" } },
    spec: { rules: [{ host: "rancher.example.com", http: { paths } }] },
  };
}

export function pod(name: string) {
  const containers = [{ name: "main", image: "example/agent:1" }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { containers } };
}

export function namesOf(list: { items: readonly { metadata: { name: string } }[] }): readonly string[] {
  return list.items.map((item) => item.metadata.name);
}
