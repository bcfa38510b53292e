import { ApiServer } from "../api-server/api-server.ts";
import type { User } from "../api-server/authorization.ts";
import type { ClusterClient, NewObject } from "../cluster-client.ts";
import type { Images } from "../controllers/container-program.ts";
import { type Controllers, startControllers } from "../controllers/controllers.ts";
import { HeldClock } from "../held-clock.ts";
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
  readonly caPem: string;
  #controllers: Controllers | undefined;

  constructor(options: ClusterOptions) {
    const { name, kubernetes: kubernetesVersion, kinds, clock, random } = options;
    const { historyLimit } = options;
    this.server = new ApiServer({ name, kubernetesVersion, kinds, clock, random, historyLimit });
    this.client = this.server.client();
    this.clock = new HeldClock(clock);
    this.caPem = options.caPem;
    for (const hook of options.admission) this.server.admission.validate(hook);
    for (const account of options.powerful) this.allowEverything(account);
  }

  async create(objects: readonly NewObject[]): Promise<void> {
    for (const object of objects) {
      const collection = collectionOf(object, this.server.kinds);
      const created = await this.client.create(collection.ref, object);
      if (object.status === undefined || !collection.statusSubresource) continue;
      await this.client.update(collection.ref, { ...created, status: object.status }, { subresource: "status" });
    }
  }

  async start(images: Images): Promise<void> {
    const { server, client } = this;
    const clientOf = (account: { namespace: string; name: string }) => server.client(serviceAccount(account));
    this.#controllers = startControllers({ client, clock: this.clock, images, clientOf });
    server.setLogSource(this.#controllers.logs);
    await this.#controllers.ready;
  }

  handlerFor(account: User): ReturnType<typeof apiHandler> {
    return apiHandler(this.server, account);
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

export function serviceAccount({ namespace, name }: { namespace: string; name: string }): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}
