import { ApiServer } from "../api-server/api-server.ts";
import { serviceAccount, type User } from "../api-server/authorization.ts";
import type { PodServer } from "../api-server/pod-proxy.ts";
import { type ClusterAuthority, isIssuedBy, isValidAt, type ServingIdentity } from "../api-server/serving-identity.ts";
import type { ClusterClient, NewObject } from "../cluster-client.ts";
import type { Images } from "../controllers/container-program.ts";
import { type Controllers, startControllers } from "../controllers/controllers.ts";
import type { NodeDescription } from "../controllers/nodes.ts";
import { HeldClock } from "../held-clock.ts";
import type { TunnelHandler } from "../rancher/tunnel.ts";
import { apiHandler } from "./api-handler.ts";
import { collectionOf } from "./collection.ts";
import type { ClusterOptions, EstateCluster } from "./estate-cluster.ts";

/** One cluster of the sandbox: its API server, and, once started, its controllers and nodes. */
export class SimulatedCluster implements EstateCluster {
  readonly server: ApiServer;
  /** As administrator. */
  readonly client: ClusterClient;
  /** What its controllers and nodes live by. */
  readonly clock: HeldClock;
  #identity: ClusterAuthority;
  /** Told of a new identity before anything is asked of it: who puts the API server on the network. */
  #onIdentity: (identity: ServingIdentity) => Promise<void> = async () => {};
  #controllers: Controllers | undefined;

  constructor(options: ClusterOptions) {
    const { name, kubernetes: kubernetesVersion, kinds, clock, random } = options;
    const { historyLimit } = options;
    this.server = new ApiServer({ name, kubernetesVersion, kinds, clock, random, historyLimit });
    this.client = this.server.client();
    this.clock = new HeldClock(clock, options.stalls);
    this.#identity = options.identity;
    this.server.accountTokens.rootCa = options.identity.caPem;
    for (const hook of options.admission) this.server.admission.validate(hook);
    for (const account of options.powerful) this.allowEverything(account);
  }

  get caPem(): string {
    return this.#identity.caPem;
  }

  /** The API server is somebody else from now on: its serving certificate comes from another CA. */
  async becomes(identity: ClusterAuthority): Promise<void> {
    this.#identity = identity;
    this.server.accountTokens.rootCa = identity.caPem;
    await this.#onIdentity(identity);
  }

  /** Its API server has a new certificate of the same CA, made by a clock that shows this time. */
  async renewServing(now: Date): Promise<void> {
    await this.becomes(await this.#identity.renewed(now));
  }

  whenIdentityChanges(callback: (identity: ServingIdentity) => Promise<void>): void {
    this.#onIdentity = callback;
  }

  async create(objects: readonly NewObject[]): Promise<void> {
    for (const object of objects) {
      const collection = collectionOf(object, this.server.kinds);
      const created = await this.client.create(collection.ref, object);
      if (object.status === undefined || !collection.statusSubresource) continue;
      await this.client.update(collection.ref, { ...created, status: object.status }, { subresource: "status" });
    }
  }

  async start(images: Images, nodes: readonly NodeDescription[]): Promise<void> {
    const { server, client } = this;
    const clientOf = (account: { namespace: string; name: string }) => server.client(serviceAccount(account));
    this.#controllers = startControllers({ client, clock: this.clock, images, nodes, clientOf });
    server.setLogSource(this.#controllers.logs);
    await this.#controllers.ready;
  }

  servePods(server: PodServer): void {
    this.server.setPodServer(server);
  }

  handlerFor(account: User): TunnelHandler {
    const answer = apiHandler(this.server, account);
    return async (request, signal) => {
      const { ca } = request;
      if (ca !== undefined) this.#mustVerify(ca);
      return await answer(request, signal);
    };
  }

  /** As Rancher's client verifies the API server, by Rancher's clock. Go looks at the time first. */
  #mustVerify(ca: string): void {
    const { certificatePem } = this.#identity;
    const now = this.clock.now();
    if (!isValidAt(certificatePem, now)) throw new Error(`${NOT_VALID}: current time ${now.toISOString()}`);
    if (!isIssuedBy(certificatePem, ca)) throw new Error(UNKNOWN_AUTHORITY);
  }

  allowEverything(user: string): void {
    this.server.access.grant({ kind: "user", name: user }, [
      { verbs: ["*"], apiGroups: ["*"], resources: ["*"], nonResourceURLs: ["*"] },
    ]);
  }

  async stop(): Promise<void> {
    await this.#controllers?.stop();
    this.server.stop();
  }
}

const NOT_VALID = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid";
/** In Go's words: what Rancher's client says when it has another CA than the server's certificate is from. */
const UNKNOWN_AUTHORITY = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
