/**
 * One cluster's API server, in memory. Everything goes through `perform`: faults, the caller's rights, the action,
 * the audit. In-process clients come by `client()`; HTTP requests by `handle()`, from the TLS front and from tunnels.
 */

import { type Clock, realClock } from "../clock.ts";
import { ApiError, type KubeObject } from "../cluster-client.ts";
import { AccountTokens } from "./account-tokens.ts";
import { Admission } from "./admission.ts";
import { Audit } from "./audit.ts";
import { Access, type AccessQuestion, ADMINISTRATOR, refusal, type User } from "./authorization.ts";
import { BUILT_IN_KINDS } from "./built-in-kinds.ts";
import { Collector } from "./collector.ts";
import { DirectClient } from "./direct-client.ts";
import { EventExpiry } from "./event-expiry.ts";
import { Faults, type RequestAttributes } from "./faults.ts";
import { handle } from "./handle.ts";
import type { ApiRequest, ApiResponse } from "./http-exchange.ts";
import { KindTable, type ResourceKind } from "./kinds.ts";
import { timestamp } from "./metadata.ts";
import { Objects } from "./objects.ts";
import type { PodLogSource } from "./pod-logs.ts";
import type { PodServer } from "./pod-proxy.ts";
import { definitionOf, establishedStatus, rancherKinds } from "./rancher-kinds.ts";
import { forbidden } from "./status-errors.ts";
import { Store } from "./store.ts";
import { Tokens } from "./tokens.ts";

export interface ApiServerOptions {
  /** How people call the cluster: the context name in kubeconfigs. Default "cluster". */
  readonly name?: string;
  /** Every kind that the server has. Default: Kubernetes' own and those of a management cluster, Rancher ≥ 2.15. */
  readonly kinds?: readonly ResourceKind[];
  /** What `/version` says. Default "v1.32.5". */
  readonly kubernetesVersion?: string;
  readonly clock?: Clock;
  /** How many changes a watch can go back (older ones answer 410). Default 1000. */
  readonly historyLimit?: number;
  /** Numbers in [0, 1) for generated names. Default: not repeatable. */
  readonly random?: () => number;
}

const DEFAULT_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

export class ApiServer {
  readonly name: string;
  readonly kubernetesVersion: string;
  readonly kinds: KindTable;
  readonly clock: Clock;
  readonly store: Store;
  readonly objects: Objects;
  readonly admission = new Admission();
  readonly access = new Access();
  readonly tokens = new Tokens();
  readonly accountTokens: AccountTokens;
  /** Asked about tokens that nobody else knows, as a token webhook is. */
  tokenWebhook: ((token: string) => User | undefined) | undefined;
  /** How far the clock of its machine, which its answers bear, is ahead of everybody else's. */
  clockAheadMs = 0;
  readonly audit: Audit;
  readonly faults: Faults;
  readonly #collector: Collector;
  readonly #eventExpiry: EventExpiry;
  readonly #onStop = new Set<() => void>();
  #logSource: PodLogSource | undefined;
  #podServer: PodServer | undefined;

  constructor(options: ApiServerOptions = {}) {
    this.name = options.name ?? "cluster";
    this.kubernetesVersion = options.kubernetesVersion ?? "v1.32.5";
    this.kinds = kindTable(options.kinds ?? DEFAULT_KINDS);
    this.clock = options.clock ?? realClock();
    this.faults = new Faults(this.clock);
    const { historyLimit = 1000 } = options;
    this.store = new Store(historyLimit);
    this.audit = new Audit();
    const namespaces = this.#mustHave("", "v1", "namespaces");
    const events = this.#mustHave("", "v1", "events");
    const { store, admission, clock, kinds } = this;
    this.objects = new Objects({ store, admission, clock, namespaces, random: options.random ?? Math.random });
    this.#collector = new Collector({ store, objects: this.objects, kinds, namespaces });
    const [secrets, accounts] = [this.#mustHave("", "v1", "secrets"), this.#mustHave("", "v1", "serviceaccounts")];
    const { objects, kubernetesVersion } = this;
    this.accountTokens = new AccountTokens({ store, objects, secrets, accounts, kubernetesVersion });
    this.#eventExpiry = new EventExpiry({ store, clock, events });
    for (const name of DEFAULT_NAMESPACES) this.#seed(namespaces, { metadata: { name } });
    for (const kind of kinds.all.filter((each) => each.custom)) this.#define(kind);
  }

  /** A client in this process. @param user whose rights it has; an administrator if left out. */
  client(user: User = ADMINISTRATOR): DirectClient {
    return new DirectClient(this, user);
  }

  /** Answers one HTTP request without any socket: for the TLS front, and for tunnels that end in this process. */
  handle(request: ApiRequest): Promise<ApiResponse> {
    return handle(this, request);
  }

  /** Where the logs of containers come from: the cluster's kubelet says so. */
  setLogSource(source: PodLogSource): void {
    this.#logSource = source;
  }

  get logSource(): PodLogSource | undefined {
    return this.#logSource;
  }

  /** What answers for the pods, where somebody asks one through this server. */
  setPodServer(server: PodServer): void {
    this.#podServer = server;
  }

  get podServer(): PodServer | undefined {
    return this.#podServer;
  }

  /** Calls back when the server stops: streams end, listeners close. */
  onStop(callback: () => void): { remove(): void } {
    this.#onStop.add(callback);
    return { remove: () => this.#onStop.delete(callback) };
  }

  stop(): void {
    this.#collector.stop();
    this.accountTokens.stop();
    this.#eventExpiry.stop();
    this.faults.stop();
    for (const callback of [...this.#onStop]) callback();
    this.#onStop.clear();
  }

  /**
   * Carries out one request on a resource: what faults leave of it, if the user may, and writes it down.
   *
   * @throws ApiError, and ConnectionReset where a fault breaks the connection.
   */
  perform<T>(request: ResourceRequest, action: () => T): Promise<T> {
    const { kind, user, verb, subresource, namespace, name, dryRun, signal } = request;
    const { group, resource } = kind;
    const attributes: RequestAttributes = { user, verb, group, resource, subresource, namespace, name, dryRun };
    const allowed = () => {
      this.mustAllow(request);
      return action();
    };
    return this.observe(attributes, allowed, signal);
  }

  /** What `perform` does, but for the rights: for requests that everybody may make. */
  async observe<T>(attributes: RequestAttributes, action: () => T, signal?: AbortSignal): Promise<T> {
    let code = 200;
    try {
      return await this.faults.around(attributes, action, signal);
    } catch (error) {
      code = error instanceof ApiError ? error.status : 0;
      throw error;
    } finally {
      this.audit.record({ ...attributes, user: attributes.user.name, at: this.clock.now(), code });
    }
  }

  /** @throws ApiError 403 */
  mustAllow(request: ResourceRequest): void {
    const { kind, user, verb, subresource, namespace, name } = request;
    const { group, resource } = kind;
    const question: AccessQuestion = { kind: "resource", verb, group, resource, subresource, namespace, name };
    if (!this.access.allows(user, question)) {
      throw forbidden(kind, name, refusal(user, verb, kind, { namespace, subresource }));
    }
  }

  #mustHave(group: string, version: string, resource: string): ResourceKind {
    const kind = this.kinds.find(group, version, resource);
    if (kind === undefined) throw new Error(`an API server needs the kind ${resource}`);
    return kind;
  }

  #seed(kind: ResourceKind, object: { readonly metadata: { readonly name: string } }): KubeObject {
    const typed = { apiVersion: "", kind: "", ...object };
    return this.objects.create(kind, "", typed, { user: ADMINISTRATOR, dryRun: false });
  }

  #define(kind: ResourceKind): void {
    const definitions = this.kinds.find("apiextensions.k8s.io", "v1", "customresourcedefinitions");
    if (definitions === undefined) return;
    const { metadata, ...definition } = definitionOf(kind);
    const created = this.#seed(definitions, { ...definition, metadata: { name: metadata.name ?? "" } });
    const status = establishedStatus(kind, timestamp(this.clock.now()));
    this.store.put(definitions, { ...created, status });
  }
}

/** A request on a resource, as rights, faults and audit see it. */
export interface ResourceRequest {
  readonly kind: ResourceKind;
  readonly user: User;
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  readonly verb: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** Aborted when the caller has given up. */
  readonly signal?: AbortSignal;
}

const DEFAULT_KINDS: readonly ResourceKind[] = [...BUILT_IN_KINDS, ...rancherKinds({ clusterStatusSubresource: true })];

const TABLES = new WeakMap<readonly ResourceKind[], KindTable>();

/** One table for all servers that are given the same kinds: with it, discovery and OpenAPI are shared. */
function kindTable(kinds: readonly ResourceKind[]): KindTable {
  const known = TABLES.get(kinds) ?? new KindTable(kinds);
  TABLES.set(kinds, known);
  return known;
}
