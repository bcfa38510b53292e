/** The estate for people: Rancher, its certificate and bundle, then a line for each cluster. */
import type { Cluster } from "../../estate/cluster.ts";
import type { CertificateFacts, Estate, Installation, Serving } from "../../estate/estate.ts";
import { paint } from "./style.ts";
import { renderTable } from "./table.ts";

/** Several lines, ending with a newline. */
export function renderEstate(estate: Estate): string {
  const { installation, trust, serving } = estate;
  const facts: readonly (readonly [string, string])[] = [
    ["Rancher", `${installation.version} at ${estate.identity.serverUrl}`],
    ...managementApi(estate),
    ["Pods", `${installation.readyReplicas} of ${installation.replicas} ready in ${installation.namespace}`],
    ["Installed by", describeInstaller(installation)],
    ["Certificate", serving.certificates[0] === undefined ? "none" : describeCertificate(serving.certificates[0])],
    ["Comes from", describeSource(installation, serving)],
    ["Presented on", presented(estate)],
    ["Trust bundle", trust.certificates.map((one) => commonName(one.subject)).join(" + ") || "none"],
    ["Pin", trust.pin === "" ? "none" : trust.pin],
    ["Agents' TLS", installation.agentTlsMode],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const head = facts.map(([name, value]) => `${paint("quiet", name.padEnd(width))}  ${value}\n`).join("");
  const table = renderTable(
    ["CLUSTER", "NAME", "KUBERNETES", "CONNECTED", "AGENT", "PIN", "CONSUMERS"],
    estate.clusters.map((cluster) => clusterRow(cluster, trust.pin)),
  );
  const gaps = estate.gaps.map((gap) => `${paint("attention", "not seen")}  ${gap.target}: ${gap.why}\n`).join("");
  return `${head}\n${table}${gaps === "" ? "" : `\n${gaps}`}`;
}

/** Where it is nothing but a kubeconfig's server, the kubeconfig says it. */
function managementApi({ access: { server, container } }: Estate): readonly (readonly [string, string])[] {
  if (container === undefined) return [];
  return [["Management API", `${server}, through container ${container.name} at ${container.engine}`]];
}

/** `Helm, release rancher in cattle-system, chart 2.15.1, revision 3` */
function describeInstaller({ installer }: Installation): string {
  switch (installer.kind) {
    case "helm": {
      const { name, namespace, chart, revision, status } = installer.release;
      const state = status === "deployed" ? "" : `, ${paint("attention", status)}`;
      return `Helm, release ${name} in ${namespace}, chart ${chart.version}, revision ${revision}${state}`;
    }
    case "helm2":
      return `${paint("attention", "Helm 2")}, release ${installer.name}`;
    case "manifests":
      return "manifests";
    case "unknown":
      return paint("attention", "not seen");
  }
}

const SOURCES: Readonly<Record<Installation["tlsSource"], string>> = {
  secret: "a Secret that people write",
  rancher: "Rancher's own generated CA, by cert-manager",
  letsEncrypt: "Let's Encrypt, by cert-manager",
  external: "whatever ends TLS before Rancher",
  unknown: "unknown",
};

/** Where the certificate comes from, and what leads to it. */
function describeSource(installation: Installation, { certificate }: Serving): string {
  const { tlsSource, exposure, privateCa } = installation;
  const by = exposure === "gateway" ? ", presented by a Gateway" : "";
  const overwritten =
    certificate === undefined || tlsSource !== "secret"
      ? ""
      : `, ${paint("attention", `overwritten by cert-manager's Certificate ${certificate.name}`)}`;
  return `${SOURCES[tlsSource]}${by}${overwritten}; privateCA ${privateCa ? "true" : "false"}`;
}

function clusterRow(cluster: Cluster, servedPin: string): readonly string[] {
  return [
    cluster.id,
    cluster.name,
    cluster.kubernetesVersion,
    connected(cluster),
    agentState(cluster),
    pinState(cluster, servedPin),
    cluster.consumers.map((consumer) => consumer.kind).join(", ") || "none",
  ];
}

function connected(cluster: Cluster): string {
  if (cluster.local) return paint("quiet", "itself");
  if (cluster.tunnel.kind === "answering") return paint("good", "yes");
  return cluster.reach === "none" ? paint("bad", "no") : paint("attention", `no, ${cluster.reach}`);
}

function agentState(cluster: Cluster): string {
  const { agent } = cluster;
  if (cluster.local) return paint("quiet", "none needed");
  if (agent === undefined) return paint("attention", "not seen");
  const text = `${agent.readyReplicas}/${agent.replicas} ready`;
  return agent.availableReplicas >= agent.replicas ? paint("good", text) : paint("attention", text);
}

function pinState(cluster: Cluster, servedPin: string): string {
  const { agent } = cluster;
  if (agent === undefined) return paint("quiet", "–");
  if (agent.pin === "") return servedPin === "" ? "none" : paint("attention", "none");
  const short = shortPin(agent.pin);
  return agent.pin === servedPin ? short : `${short} ${paint("attention", "differs")}`;
}

/** The first twelve digits: enough to tell the pins of one estate apart; `none` where agents have no pin. */
export function shortPin(pin: string): string {
  return pin === "" ? "none" : pin.slice(0, 12);
}

/** `CN until 2027-01-31` */
export function describeCertificate(certificate: CertificateFacts): string {
  return `${commonName(certificate.subject)}, issued by ${commonName(certificate.issuer)}, until ${certificate.notAfter.slice(0, 10)}`;
}

/** The CN of a subject (RFC 4514) as it was written, or the whole subject where there is none. */
export function commonName(subject: string): string {
  const escaped = subject.match(/(?:^|(?<!\\)(?:\\\\)*[,+])CN=((?:\\.|[^,+\\])+)/u)?.[1];
  return escaped?.replaceAll(/\\(.)/gu, "$1") ?? subject;
}

function presented(estate: Estate): string {
  const { presented } = estate.serving;
  if (presented.length === 0) return "not looked at";
  return presented.map((one) => (one.error === undefined ? one.address : `${one.address} (${one.error})`)).join(", ");
}
