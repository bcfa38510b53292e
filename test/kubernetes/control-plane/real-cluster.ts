/** A real control plane as a cluster of the sandbox's estate: its Rancher and its agents are clients like any other. */

import { setTimeout as delay } from "node:timers/promises";
import type { User } from "../../../src/sandbox/api-server/authorization.ts";
import { KindTable } from "../../../src/sandbox/api-server/kinds.ts";
import { definitionOf } from "../../../src/sandbox/api-server/rancher-kinds.ts";
import { ApiError, type NewObject, type ResourceRef } from "../../../src/sandbox/cluster-client.ts";
import type { Images } from "../../../src/sandbox/controllers/container-program.ts";
import { type Controllers, startControllers } from "../../../src/sandbox/controllers/controllers.ts";
import type { NodeDescription } from "../../../src/sandbox/controllers/nodes.ts";
import { HeldClock } from "../../../src/sandbox/held-clock.ts";
import type { TunnelHandler } from "../../../src/sandbox/rancher/tunnel.ts";
import { collectionOf } from "../../../src/sandbox/scenario/collection.ts";
import type { ClusterOptions, EstateCluster } from "../../../src/sandbox/scenario/estate-cluster.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Renewal } from "./identities.ts";
import { NetworkClient, pathOf, textOf } from "./network-client.ts";
import { type Account, bearer, Wire } from "./wire.ts";

const DEFINITIONS: ResourceRef = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};
const BINDINGS: ResourceRef = { group: "rbac.authorization.k8s.io", version: "v1", resource: "clusterrolebindings" };
const SERVICE_ACCOUNTS = { group: "", version: "v1", resource: "serviceaccounts" };

/** How often a new kind is asked for until it is served, in wall milliseconds. */
const LOOK_MS = 50;

export class RealCluster implements EstateCluster {
  readonly client: NetworkClient;
  readonly clock: HeldClock;
  readonly #controlPlane: ControlPlane;
  readonly #options: ClusterOptions;
  readonly #kinds: KindTable;
  readonly #definitions: readonly NewObject[];
  readonly #wire: Wire;
  readonly #administrator: TunnelHandler;
  #controllers: Controllers | undefined;
  #prepared: Promise<void> | undefined;

  /** @param definitions the real definitions of kinds; kinds that are not among them get bare ones */
  constructor(controlPlane: ControlPlane, definitions: readonly NewObject[], options: ClusterOptions) {
    this.#controlPlane = controlPlane;
    this.clock = new HeldClock(options.clock, options.stalls);
    this.#options = options;
    this.#kinds = new KindTable(options.kinds);
    this.#definitions = definitions;
    this.#wire = new Wire(controlPlane.url, controlPlane.caPem);
    this.#administrator = this.#wire.as(bearer(controlPlane.token));
    this.client = new NetworkClient(this.#administrator);
  }

  get caPem(): string {
    return this.#controlPlane.caPem;
  }

  /** Its control plane starts again with other keys. */
  async renew(renewal: Renewal): Promise<void> {
    await this.#controlPlane.renew(renewal);
    await this.#wire.trust(this.caPem);
  }

  async create(objects: readonly NewObject[]): Promise<void> {
    this.#prepared ??= this.#prepare();
    await this.#prepared;
    for (const object of objects) {
      const { ref, statusSubresource } = collectionOf(object, this.#kinds);
      const created = await this.#createOrChange(ref, object);
      if (object.status === undefined || !statusSubresource) continue;
      await this.client.update(ref, { ...created, status: object.status }, { subresource: "status" });
    }
  }

  async start(images: Images, nodes: readonly NodeDescription[]): Promise<void> {
    const { client, clock } = this;
    const clientOf = (account: { namespace: string; name: string }) =>
      new NetworkClient(this.#wire.as(this.#serviceAccount(account)));
    this.#controllers = startControllers({ client, clock, images, nodes, clientOf, workloadsElsewhere: true });
    await this.#controllers.ready;
  }

  handlerFor({ name: user }: User): TunnelHandler {
    const [, , namespace, name] = user.split(":");
    if (namespace === undefined || name === undefined) throw new Error(`${user} is no service account`);
    const own = this.#wire.as(this.#serviceAccount({ namespace, name }));
    return (request, signal) =>
      request.headers.authorization === undefined ? own(request, signal) : this.#wire.forwarded(request, signal);
  }

  async stop(): Promise<void> {
    await this.#controllers?.stop();
    await this.#wire.close();
  }

  /** What controllers have made already is changed to what is wanted. */
  async #createOrChange(ref: ResourceRef, object: NewObject) {
    try {
      return await this.client.create(ref, object);
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === "AlreadyExists")) throw error;
      return await this.client.patch(ref, object.metadata.name ?? "", { type: "merge", body: object });
    }
  }

  async #prepare(): Promise<void> {
    for (const user of this.#options.powerful) await this.client.create(BINDINGS, administratorBinding(user));
    const kinds = this.#kinds.all.filter(({ custom }) => custom);
    const given = new Map(this.#definitions.map((definition) => [definition.metadata.name, definition]));
    for (const kind of kinds) {
      const bare = definitionOf(kind);
      await this.client.create(DEFINITIONS, given.get(bare.metadata.name) ?? bare);
    }
    for (const kind of kinds) while (!(await this.#isServed(kind))) await delay(LOOK_MS);
  }

  async #isServed(ref: ResourceRef): Promise<boolean> {
    try {
      await this.client.list({ group: ref.group, version: ref.version, resource: ref.resource });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    }
  }

  /** With a token of its own, as a pod of this account has one. */
  #serviceAccount({ namespace, name }: { namespace: string; name: string }): Account {
    let token: Promise<string> | undefined;
    return {
      authorization: async () => {
        token ??= this.#tokenOf({ ...SERVICE_ACCOUNTS, namespace }, name);
        return `Bearer ${await token}`;
      },
    };
  }

  async #tokenOf(ref: ResourceRef, name: string): Promise<string> {
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 7200 } };
    const answer = await this.#administrator(
      {
        method: "POST",
        path: pathOf(ref, name, "token"),
        headers: { accept: "application/json", "content-type": "application/json" },
        body: Buffer.from(JSON.stringify(body)),
      },
      new AbortController().signal,
    );
    const text = await textOf(answer.body);
    if (answer.status !== 201) throw new Error(`no token for ${ref.namespace}/${name}: ${text}`);
    return JSON.parse(text).status.token;
  }
}

function administratorBinding(user: string): NewObject {
  const apiGroup = "rbac.authorization.k8s.io";
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { generateName: "powerful-" },
    roleRef: { apiGroup, kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup, kind: "User", name: user }],
  };
}
