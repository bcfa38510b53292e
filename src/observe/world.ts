/** The estate's two doors: the management cluster's API server, and Rancher itself. */
import { rootCertificates } from "node:tls";
import { FarrierError } from "../errors.ts";
import type { HelmAccess } from "../helm/helm-program.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { type Connection, connectKubeconfig } from "../kubernetes/connection.ts";
import { readDeployment } from "../kubernetes/deployment.ts";
import { IN_CLUSTER } from "../kubernetes/kubeconfig-file.ts";
import { deployments, namespaces, type Resource } from "../kubernetes/resource.ts";
import type { Secret } from "../pki/secret.ts";
import type { RancherContainerPlace } from "../plan/estate-backup.ts";
import { isRancherServer } from "../rancher/installation.ts";
import { isForeignAnswer, RancherServer } from "../rancher/server.ts";
import { agentTlsModeOf, readSetting } from "../rancher/settings.ts";
import type { ManagementContainerPlace } from "./management-container.ts";
import { Reaches } from "./reaches.ts";
import { type ServerPlace, storedLeaf } from "./stored-leaf.ts";

export interface WorldOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Instead of a kubeconfig: the single container that Rancher and its management cluster are in. */
  readonly managementContainer?: ManagementContainerPlace;
  /** Rancher's URL; its setting `server-url` where not given. */
  readonly server?: string;
  /** An API token of Rancher, `token-xxxxx:secret`. */
  readonly token: Secret;
  /** The program and the chart for upgrades of Rancher's Helm release. */
  readonly helm?: Pick<HelmAccess, "program" | "chart">;
  /** Public roots, PEM, in place of Mozilla's list, which Node brings. Connections to Rancher verify with them, too. */
  readonly publicRoots?: string;
  /** What is to be done needs no Deployment of Rancher: it may run in a single container. */
  readonly mayBeContainer?: boolean;
}

export interface World {
  readonly management: Api;
  readonly rancher: RancherServer;
  /** What tells this estate from any other. */
  readonly identity: { readonly kubeSystemUid: string; readonly serverUrl: string };
  /** Namespace and name of Rancher's own Deployment; of the usual one where it runs in a single container and has none. */
  readonly namespace: string;
  readonly deployment: string;
  /** What `helm` has to be told to reach the same cluster. */
  readonly helm: HelmAccess;
  /**
   * Public roots, PEM: what the system's own store of an agent is taken to hold. Not this machine's store, to which
   * companies add CAs of their own.
   */
  readonly publicRoots: string;
  /** The management kubeconfig's server. */
  readonly managementServer: string;
  /** The container that it is reached through, where no kubeconfig was named. */
  readonly managementContainer?: RancherContainerPlace;
  /** The ways to the downstream clusters; `give` adds those that the configuration names. */
  readonly reaches: Reaches;
  /** A downstream cluster over whichever way was found to work. */
  downstream(id: string, options?: { readonly timeoutMs?: number }): Api;
  /** The kubeconfig leads through Rancher: its restart would cut Farrier off. */
  readonly throughRancher: boolean;
  close(): Promise<void>;
}

/**
 * Opens both doors. The first read of the bundle is never blind: the kubeconfig's cluster is trusted, and what it
 * stores as `cacerts` is what connections to Rancher are verified against from the first one on.
 *
 * Throws what `connectKubeconfig` and `openManagementContainer` throw, `api.*` when the management cluster does not
 * answer, `rancher.not-found` when it runs no Rancher, and `rancher.not-a-rancher` when the server's URL leads elsewhere.
 * A Rancher that is down or does not present a trusted certificate is no error here: an estate in that state must still
 * be observed.
 */
export async function openWorld(options: WorldOptions): Promise<World> {
  const connection = await connectManagement(options);
  let rancher: RancherServer | undefined;
  try {
    const { api } = connection;
    const kubeSystemUid = await identityOf(connection);
    const [serverUrl, stored, mode] = await Promise.all([
      readServerUrl(api, connection),
      readSetting(api, "cacerts"),
      readSetting(api, "agent-tls-mode"),
    ]);
    const found = await findServer(api, options.mayBeContainer ?? false);
    rancher = new RancherServer({
      serverUrl: rancherUrl(options.server ?? serverUrl),
      token: options.token,
      trust: {
        bundles: [stored?.effective ?? "", options.publicRoots ?? ""],
        systemRoots: agentTlsModeOf(mode) !== "strict",
      },
    });
    await refuseForeign(rancher, () => storedLeaf(api, found));
    const own = rancher;
    const reaches = new Reaches(own, kubeSystemUid);
    return {
      management: api,
      rancher: own,
      identity: { kubeSystemUid, serverUrl },
      namespace: found.namespace,
      deployment: found.name,
      helm: helmAccess(options, connection),
      publicRoots: options.publicRoots ?? rootCertificates.join("\n"),
      managementServer: connection.server,
      ...(connection.through === undefined ? {} : { managementContainer: connection.through }),
      reaches,
      downstream: (id, asked) => reaches.api(id, asked),
      throughRancher: new URL(connection.server).pathname.includes("/k8s/clusters/"),
      close: async () => {
        await Promise.all([own.close(), reaches.close(), connection.close()]);
      },
    };
  } catch (error) {
    await Promise.all([rancher?.close(), connection.close()]);
    throw error;
  }
}

interface ManagementConnection extends Connection {
  readonly through?: RancherContainerPlace;
}

async function connectManagement(options: WorldOptions): Promise<ManagementConnection> {
  const { managementContainer: place } = options;
  if (place === undefined) return await connectKubeconfig(options);
  const { openManagementContainer } = await import("./management-container.ts");
  const { kubeconfig, through, dial, close } = await openManagementContainer(place);
  try {
    const connection = await connectKubeconfig(kubeconfig, { dial });
    return { ...connection, through, close: () => connection.close().finally(close) };
  } catch (error) {
    await close();
    throw error;
  }
}

function helmAccess({ kubeconfig, helm }: WorldOptions, { context }: Connection): HelmAccess {
  // Inside a pod there is no kubeconfig, and Helm finds the pod's account by itself.
  const named = context === IN_CLUSTER ? {} : { context };
  return { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...named, ...helm };
}

/**
 * For commands that cannot do their work without Rancher's API. A Rancher that does not answer is no reason to refuse:
 * it may be restarting, and the gates wait for it.
 * @throws FarrierError `rancher.token-refused`
 */
export async function requireToken({ rancher }: World): Promise<void> {
  try {
    const { valid } = await rancher.tokenFacts();
    if (valid) return;
  } catch (error) {
    if (error instanceof ApiError) return;
    throw error;
  }
  throw new FarrierError(
    "rancher.token-refused",
    `Rancher at ${rancher.serverUrl.host} does not accept the API token.`,
  );
}

/** The first request of all: where it fails, it must be clear which server was meant. */
async function identityOf({ api: management, context, server }: Connection): Promise<string> {
  const namespace = await management.get(namespaces, "kube-system").catch((error: unknown) => {
    if (!(error instanceof ApiError)) throw error;
    throw error.withHint(`${error.hint} Context "${context}" leads to ${server}.`);
  });
  const uid = namespace?.metadata.uid;
  if (uid !== undefined) return uid;
  throw new FarrierError("rancher.not-found", `${management.server} has no namespace kube-system.`, {
    hint: "Check the server and the base path in the kubeconfig: this does not look like a Kubernetes API server.",
  });
}

async function readServerUrl(management: Api, connection: Connection): Promise<string> {
  const setting = await readSetting(management, "server-url");
  if (setting === undefined) {
    throw new FarrierError("rancher.not-found", `The cluster at ${connection.server} runs no Rancher.`);
  }
  if (setting.effective === "") {
    throw new FarrierError("rancher.not-found", `The Rancher at ${connection.server} has no server-url yet.`, {
      hint: "Open Rancher once and set its server URL: without it no agent could find it.",
    });
  }
  return setting.effective;
}

function rancherUrl(text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === "https:") return text;
  const wrong = URL.canParse(text) ? "does not begin with https://" : "is no URL";
  throw new FarrierError("input.invalid", `"${text}" cannot be Rancher's URL: it ${wrong}.`, {
    hint: "Give it as in Rancher's setting server-url: https://rancher.example.com, or https://[2001:db8::1]:8443.",
  });
}

/** Where the chart puts it, and Rancher its own objects however it runs. */
const USUAL_SERVER: ServerPlace = { namespace: "cattle-system", name: "rancher" };

/**
 * The chart's Deployment: in `cattle-system` by that name, else wherever a server of Rancher's is labelled as one.
 * @param mayBeContainer where there is none, it is taken to run in a container, and the usual place stands for it
 */
async function findServer(management: Api, mayBeContainer: boolean): Promise<ServerPlace> {
  const usual = await management.get(deployments(USUAL_SERVER.namespace), USUAL_SERVER.name);
  const parsed = usual === undefined ? undefined : readDeployment(usual);
  if (parsed !== undefined) return parsed.metadata;
  const everywhere: Resource = { group: "apps", version: "v1", plural: "deployments" };
  const { items } = await management.list(everywhere, { labelSelector: "app.kubernetes.io/managed-by=Helm" });
  for (const item of items) {
    const deployment = readDeployment(item);
    if (deployment !== undefined && isRancherServer(item, deployment)) return deployment.metadata;
  }
  if (mayBeContainer) return USUAL_SERVER;
  throw new FarrierError(
    "rancher.not-found",
    "The management cluster has Rancher's settings and no Deployment of it.",
    {
      hint: "A Rancher that runs in a single container (docker run) cannot be rotated by Farrier.",
    },
  );
}

/**
 * A certificate that agents would refuse (expired, of another authority) is known by what the management cluster holds
 * of it: through tunnels that were begun before, its clusters can still be helped.
 */
async function refuseForeign(rancher: RancherServer, leaf: () => Promise<string | undefined>): Promise<void> {
  try {
    await rancher.cacerts().catch(async (error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== "api.untrusted") throw error;
      rancher.trustLeaf(await leaf());
      await rancher.cacerts();
    });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (isForeignAnswer(error)) {
      throw new FarrierError("rancher.not-a-rancher", `The server at ${rancher.serverUrl.href} is not a Rancher.`, {
        cause: error,
      });
    }
  }
}
