/** The serving certificate: what the Secret holds, and what the server's addresses present. */

import { X509Certificate } from "node:crypto";
import { FarrierError } from "../errors.ts";
import type { Installation, Serving } from "../estate/estate.ts";
import { gateways, ingresses, secrets } from "../kubernetes/resource.ts";
import { readSecret } from "../kubernetes/secret.ts";
import { agentsPool } from "../pki/agents-pool.ts";
import { withoutKeys } from "../pki/reading/without-keys.ts";
import { type CertificateRequestFacts, certificateFor, issuers } from "../rancher/cert-manager.ts";
import type { Presented } from "../rancher/handshake.ts";
import { gatewaySecret, readIngress, type TlsSource, tlsSourceOf } from "../rancher/installation.ts";
import { certificateFactsOf } from "./certificate-facts.ts";
import type { Gaps } from "./gaps.ts";
import { secretFactsOf } from "./secret-facts.ts";
import type { World } from "./world.ts";

/** The chart's default name. */
const SERVING_SECRET = "tls-rancher-ingress";

export interface ServingObservation {
  readonly serving: Serving;
  readonly tlsSource: TlsSource;
  readonly exposure: Installation["exposure"];
}

/** What cannot be read is left out and becomes a gap. */
export async function observeServing(world: World, now: () => Date, gaps: Gaps): Promise<ServingObservation> {
  const [source, presented] = await Promise.all([
    gaps.look("ingress", () => observeSource(world), UNSEEN),
    gaps.look(`addresses of ${world.rancher.serverUrl.hostname}`, () => presentedBy(world), []),
  ]);
  const name = source.secretName ?? SERVING_SECRET;
  const stored =
    source.tlsSource === "external"
      ? chainFrom(presented)
      : await gaps.look(`secret ${world.namespace}/${name}`, () => readServingSecret(world, name), undefined);
  const { certificate } = source;
  return {
    tlsSource: source.tlsSource,
    exposure: source.exposure,
    serving: {
      ...(certificate === undefined ? {} : { certificate: { name: certificate.name, issuer: certificate.issuer } }),
      chain: "",
      certificates: [],
      ...stored,
      presented: presented.map(({ address, fingerprints, error }) => ({
        address,
        fingerprints: [...fingerprints],
        at: now().toISOString(),
        ...(error === undefined ? {} : { error }),
      })),
    },
  };
}

/** What each address presents now. Throws when the name does not resolve. */
async function presentedBy({ rancher }: World): Promise<readonly Presented[]> {
  try {
    return await rancher.presented();
  } catch (cause) {
    const { hostname } = rancher.serverUrl;
    throw new FarrierError("api.unreachable", `The name ${hostname} could not be resolved from here.`, { cause });
  }
}

/** Where TLS ends before the cluster, the chain is known by what is presented, and from nowhere else. */
function chainFrom(presented: readonly Presented[]): Pick<Serving, "chain" | "certificates"> {
  const certificates = presented.find((seen) => seen.certificates.length > 0)?.certificates ?? [];
  const chain = certificates.map((der) => new X509Certificate(der).toString()).join("");
  return { chain, certificates: agentsPool(chain).anchors.map(certificateFactsOf) };
}

interface Source {
  readonly tlsSource: TlsSource;
  readonly exposure: Installation["exposure"];
  readonly secretName: string | undefined;
  readonly certificate?: CertificateRequestFacts | undefined;
}

const UNSEEN: Source = { tlsSource: "unknown", exposure: "unknown", secretName: SERVING_SECRET };

async function observeSource(world: World): Promise<Source> {
  const { management, namespace, deployment } = world;
  const object = await management.get(ingresses(namespace), deployment);
  const ingress = object === undefined ? undefined : readIngress(object);
  if (ingress === undefined) return await observeGateway(world);
  const secretName = ingress.servingSecret;
  const certificate =
    secretName === undefined ? undefined : await certificateFor(management, { namespace, secretName });
  const issuer = ingress.issuer === undefined ? undefined : await management.get(issuers(namespace), ingress.issuer);
  return { tlsSource: tlsSourceOf(ingress, issuer), exposure: "ingress", secretName, certificate };
}

/** Rancher ≥ 2.14 can be led to by a Gateway, for which the chart asks cert-manager itself. */
async function observeGateway({ management, namespace, deployment }: World): Promise<Source> {
  const object = await management.get(gateways(namespace), `${deployment}-gateway`);
  if (object === undefined) return { tlsSource: "unknown", exposure: "none", secretName: undefined };
  const secretName = gatewaySecret(object);
  const certificate =
    secretName === undefined ? undefined : await certificateFor(management, { namespace, secretName });
  const issuer =
    certificate === undefined ? undefined : await management.get(issuers(namespace), certificate.issuer.name);
  const facts = { servingSecret: secretName, issuer: certificate?.issuer.name };
  return { tlsSource: tlsSourceOf(facts, issuer), exposure: "gateway", secretName, certificate };
}

async function readServingSecret(
  { management, namespace }: World,
  name: string,
): Promise<Pick<Serving, "secret" | "chain" | "certificates"> | undefined> {
  const object = await management.get(secrets(namespace), name);
  const secret = object === undefined ? undefined : readSecret(object);
  if (object === undefined || secret === undefined) return undefined;
  // Only tls.crt is looked at, and of it only what everybody may see: the key stays where it is.
  const chain = withoutKeys(secret.value("tls.crt")?.toString("utf8") ?? "");
  // What cannot be parsed is left out here; the checks look at the chain's text.
  const certificates = agentsPool(chain).anchors.map(certificateFactsOf);
  return { secret: secretFactsOf(object, secret), chain, certificates };
}
