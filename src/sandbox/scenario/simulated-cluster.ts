import { ApiServer } from "../api-server/api-server.ts";
import type { User } from "../api-server/authorization.ts";
import type { ResourceKind } from "../api-server/kinds.ts";
import type { Clock } from "../clock.ts";
import type { ClusterClient, NewObject } from "../cluster-client.ts";
import type { Images } from "../controllers/container-program.ts";
import { type Controllers, startControllers } from "../controllers/controllers.ts";
import { HeldClock } from "../held-clock.ts";
import { apiHandler } from "./api-handler.ts";
import { collectionOf } from "./collection.ts";

export interface ClusterOptions {
  readonly name: string;
  readonly kubernetes: string;
  readonly kinds: readonly ResourceKind[];
  readonly clock: Clock;
  readonly random: () => number;
  /** How many changes a watch can go back. */
  readonly historyLimit: number;
  /** Accounts that may do everything, besides the administrator: the people, Rancher, the agent. */
  readonly powerful: readonly string[];
}

/** One cluster of the sandbox: its API server, and, once started, its controllers and nodes. */
export class SimulatedCluster {
  readonly server: ApiServer;
  /** As administrator. */
  readonly client: ClusterClient;
  /** What its controllers and nodes live by. */
  readonly clock: HeldClock;
  #controllers: Controllers | undefined;

  constructor(options: ClusterOptions) {
    const { name, kubernetes: kubernetesVersion, kinds, clock, random } = options;
    const { historyLimit } = options;
    this.server = new ApiServer({ name, kubernetesVersion, kinds, clock, random, historyLimit });
    this.client = this.server.client();
    this.clock = new HeldClock(clock);
    for (const account of options.powerful) this.allowEverything(account);
  }

  /** Creates the objects one after another, the status of those that have one included. */
  async create(objects: readonly NewObject[]): Promise<void> {
    for (const object of objects) {
      const collection = collectionOf(object, this.server.kinds);
      const created = await this.client.create(collection.ref, object);
      if (object.status === undefined || !collection.statusSubresource) continue;
      await this.client.update(collection.ref, { ...created, status: object.status }, { subresource: "status" });
    }
  }

  /** Starts controllers and nodes; what is stored begins to run. */
  async start(images: Images): Promise<void> {
    const { server, client } = this;
    const clientOf = (account: { namespace: string; name: string }) => server.client(serviceAccount(account));
    this.#controllers = startControllers({ client, clock: this.clock, images, clientOf });
    server.setLogSource(this.#controllers.logs);
    await this.#controllers.ready;
  }

  /** The API as this account reaches it in process. */
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
