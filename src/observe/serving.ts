/** The serving certificate: what the Secret holds, and what the server's addresses present. */

import { FarrierError } from "../errors.ts";
import type { Serving } from "../estate/estate.ts";
import { ingresses, type Resource, secrets } from "../kubernetes/resource.ts";
import { readSecret } from "../kubernetes/secret.ts";
import { agentsPool } from "../pki/agents-pool.ts";
import { withoutKeys } from "../pki/reading/without-keys.ts";
import { readIngress, type TlsSource, tlsSourceOf } from "../rancher/installation.ts";
import { certificateFactsOf } from "./certificate-facts.ts";
import type { Gaps } from "./gaps.ts";
import { secretFactsOf } from "./secret-facts.ts";
import type { World } from "./world.ts";

/** The chart's default name. */
const SERVING_SECRET = "tls-rancher-ingress";

export interface ServingObservation {
  readonly serving: Serving;
  readonly tlsSource: TlsSource;
}

/** What cannot be read is left out and becomes a gap. */
export async function observeServing(world: World, now: () => Date, gaps: Gaps): Promise<ServingObservation> {
  const [source, presented] = await Promise.all([
    gaps.look("ingress", () => observeSource(world), { tlsSource: "unknown" as const, secretName: SERVING_SECRET }),
    gaps.look(`addresses of ${world.rancher.serverUrl.hostname}`, () => observePresented(world, now), []),
  ]);
  const name = source.secretName ?? SERVING_SECRET;
  const stored = await gaps.look(`secret ${world.namespace}/${name}`, () => readServingSecret(world, name), undefined);
  return {
    tlsSource: source.tlsSource,
    serving: { chain: "", certificates: [], ...stored, presented },
  };
}

/** What each address presents now. Throws when the name does not resolve. */
export async function observePresented(world: World, now: () => Date): Promise<Serving["presented"]> {
  const at = now().toISOString();
  try {
    const seen = await world.rancher.presented();
    return seen.map(({ address, fingerprints, error }) => ({
      address,
      fingerprints: [...fingerprints],
      at,
      ...(error === undefined ? {} : { error }),
    }));
  } catch (cause) {
    const { hostname } = world.rancher.serverUrl;
    throw new FarrierError("api.unreachable", `The name ${hostname} could not be resolved from here.`, { cause });
  }
}

async function observeSource(world: World): Promise<{ tlsSource: TlsSource; secretName: string | undefined }> {
  const { management, namespace, deployment } = world;
  const object = await management.get(ingresses(namespace), deployment);
  const ingress = object === undefined ? undefined : readIngress(object);
  if (ingress?.issuer === undefined)
    return { tlsSource: tlsSourceOf(ingress, undefined), secretName: ingress?.servingSecret };
  const issuers: Resource = { group: "cert-manager.io", version: "v1", plural: "issuers", namespace };
  const issuer = await management.get(issuers, ingress.issuer);
  return { tlsSource: tlsSourceOf(ingress, issuer), secretName: ingress.servingSecret };
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
