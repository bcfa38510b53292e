/** What Rancher holds to reach a cluster, beside what the cluster itself has now: asked past Rancher. */
import { z } from "zod";
import {
  AGENT_ACCOUNT,
  type ClusterAccess,
  type HeldAccess,
  type NeighbourPod,
  type TokenFacts,
  type TokenSecret,
} from "../estate/cluster-access.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Connection } from "../kubernetes/connection.ts";
import { environmentOf } from "../kubernetes/container.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { readPod } from "../kubernetes/pod.ts";
import { configMaps, managementClusters, namespaces, pods, secrets, serviceAccounts } from "../kubernetes/resource.ts";
import { readSecret } from "../kubernetes/secret.ts";
import { agentsPool } from "../pki/agents-pool.ts";
import { claimsOf } from "../pki/bearer-token.ts";
import type { Secret } from "../pki/secret.ts";
import {
  type AccountToken,
  agentTokensIn,
  IMPERSONATION_NAMESPACE,
  readAccountToken,
} from "../rancher/account-tokens.ts";
import { AGENT } from "../rancher/agent-workload.ts";
import { readHeldAccess } from "../rancher/held-access.ts";
import { readManagementCluster } from "../rancher/management-cluster.ts";

/** The two sides of one cluster. */
export interface AccessDoors {
  readonly management: Api;
  /** The cluster's own API server, past Rancher. */
  readonly direct: Connection;
}

/** A slow answer may make so much of a difference, and no token or certificate is judged by the minute. */
const CLOCK_SECONDS = 60;

/**
 * Undefined where Rancher has no such cluster.
 * @throws ApiError where one of the two cannot be asked
 */
export async function observeClusterAccess(doors: AccessDoors, id: string): Promise<ClusterAccess | undefined> {
  const { management, direct } = doors;
  const object = await management.get(managementClusters, id);
  const known = object === undefined ? undefined : readManagementCluster(object);
  if (object === undefined || known === undefined) return undefined;
  const trial = new Trial(direct);
  // One request first: a cluster that is away, or refuses the kubeconfig, is asked once.
  const kubeSystem = await direct.api.get(namespaces, "kube-system");
  const held = await readHeldAccess(management, object);
  const [own, token, ahead] = await Promise.all([
    observeOwn(direct.api, trial),
    trial.factsOf(held.token),
    direct.secondsAhead(),
  ]);
  const clock = ahead !== undefined && Math.abs(ahead) > CLOCK_SECONDS ? { clockAheadSeconds: ahead } : {};
  const { name, driver, connected, ready } = known;
  return {
    id,
    name,
    driver,
    held: heldFacts(held, token),
    ...(connected === undefined ? {} : { connected }),
    ...(ready === undefined ? {} : { ready }),
    own: { kubeSystemUid: kubeSystem?.metadata.uid ?? "", ...own, ...clock },
  };
}

function heldFacts(held: Awaited<ReturnType<typeof readHeldAccess>>, token: TokenFacts | undefined): HeldAccess {
  const { storage, apiEndpoint, caPem } = held;
  return { storage, apiEndpoint, ca: fingerprintsOf(caPem), ...(token === undefined ? {} : { token }) };
}

async function observeOwn(api: Api, trial: Trial): Promise<Omit<ClusterAccess["own"], "kubeSystemUid">> {
  const { namespace } = AGENT;
  const [rootCa, account, own, persons, podList] = await Promise.all([
    rootCaOf(api),
    api.get(serviceAccounts(namespace), AGENT_ACCOUNT.name),
    api.list(secrets(namespace)),
    api.list(secrets(IMPERSONATION_NAMESPACE)),
    api.list(pods(namespace)),
  ]);
  const agentTokens = await trial.secretsOf(agentTokensIn(own.items));
  const personTokens = persons.items.map(readAccountToken);
  // A refused token is of before, and so may be the CA beside it.
  const reporting = agentTokens.find(({ token }) => token?.accepted === "yes") ?? agentTokens[0];
  const accountUid = account?.metadata.uid;
  const registeredAs = registrationOf(own.items);
  return {
    ca: rootCa === undefined ? (reporting?.ca ?? []) : fingerprintsOf(rootCa),
    ...(accountUid === undefined ? {} : { accountUid }),
    ...(registeredAs === undefined ? {} : { registeredAs }),
    agentTokens,
    personTokens: await trial.secretsOf(personTokens),
    pods: podList.items.map(neighbourOf).filter((pod) => pod !== undefined),
  };
}

/** Tries tokens, each once: the same one may be in several places. */
class Trial {
  readonly #direct: Connection;
  readonly #answers = new Map<string, Promise<TokenFacts["accepted"]>>();

  constructor(direct: Connection) {
    this.#direct = direct;
  }

  async factsOf(token: Secret | undefined): Promise<TokenFacts | undefined> {
    if (token === undefined) return undefined;
    const claims = claimsOf(token);
    const answer = this.#answers.get(claims.fingerprint) ?? isAccepted(this.#direct, token);
    this.#answers.set(claims.fingerprint, answer);
    return { ...claims, accepted: await answer };
  }

  secretsOf(tokens: readonly (AccountToken | undefined)[]): Promise<TokenSecret[]> {
    const present = tokens.filter((token) => token !== undefined);
    return Promise.all(
      present.map(async ({ namespace, name, uid, account, caPem, token }) => {
        const facts = await this.factsOf(token);
        const common = { namespace, name, uid, account, ca: fingerprintsOf(caPem) };
        return { ...common, ...(facts === undefined ? {} : { token: facts }) };
      }),
    );
  }
}

/** What the cluster's API server says to a token. Being forbidden something is being known. */
export async function isAccepted(direct: Connection, token: Secret): Promise<TokenFacts["accepted"]> {
  try {
    await direct.bearing(token).get(namespaces, "kube-system");
    return "yes";
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) return "no";
    return error.status === 403 ? "yes" : "unknown";
  }
}

/** SHA-256 of every certificate in a PEM text, sorted: the order in which a CA file has them says nothing. */
function fingerprintsOf(pem: string): string[] {
  return agentsPool(pem)
    .anchors.map(({ fingerprint }) => fingerprint)
    .toSorted();
}

/**
 * Agents of Rancher ≥ 2.6.7 report this ConfigMap's CA, PEM; earlier ones that of their token's Secret, and Kubernetes
 * before 1.20 has no such ConfigMap.
 */
export async function rootCaOf(api: Api): Promise<string | undefined> {
  const object = await api.get(configMaps(AGENT.namespace), "kube-root-ca.crt");
  const parsed = rootCaSchema.safeParse(object);
  return parsed.success ? parsed.data.data["ca.crt"] : undefined;
}

const rootCaSchema = z.object({ data: z.object({ "ca.crt": z.string() }) });

/** The agent's credentials say under which id it is registered; those of an import manifest leave it out. */
function registrationOf(items: readonly KubeObject[]): string | undefined {
  const ids = items
    .filter(({ metadata }) => metadata.name.startsWith("cattle-credentials-"))
    .map((object) => readSecret(object)?.value("namespace")?.toString("utf8"));
  return ids.find((id) => id !== undefined && id !== "");
}

function neighbourOf(object: KubeObject): NeighbourPod | undefined {
  const pod = readPod(object);
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return undefined;
  const { name, uid } = pod.metadata;
  const pins = pod.spec.containers.map((container) => environmentOf(container)[AGENT.pinVariable] ?? "");
  const mounted = pod.spec.volumes.flatMap(({ secret }) => (secret === undefined ? [] : [secret.secretName]));
  return {
    name,
    uid,
    pin: pins.find((pin) => pin !== "") ?? "",
    account: pod.spec.serviceAccountName,
    secrets: mounted,
  };
}
