/**
 * The ways to the downstream clusters' APIs: Rancher's tunnel, and those that the configuration names besides. A look
 * at a cluster chooses its way; steps follow that choice, and where it fails in their hands they take the next one.
 */

import { FarrierError } from "../errors.ts";
import type { Reach } from "../estate/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import type { Connection } from "../kubernetes/connection.ts";
import type { RancherServer } from "../rancher/server.ts";
import { FollowingApi } from "./following-api.ts";
import { whyOf } from "./gaps.ts";
import { type ClusterIdentity, proveCluster } from "./reach-proof.ts";

/** A way that can be used: `none` is not one. */
export type UsableReach = Exclude<Reach, "none">;

/** A way besides Rancher's tunnel: one that the configuration names, or a cluster's authorized endpoint. */
export interface GivenWay {
  readonly reach: Exclude<UsableReach, "rancher">;
  /** What sentences call it. */
  readonly called: string;
  /** Called once, when the way is first used. @throws FarrierError where it cannot be used as it is configured */
  open(): Promise<Connection>;
}

/** From one way to another, and why. */
export interface ReachChange {
  readonly id: string;
  readonly from: UsableReach;
  readonly to: UsableReach;
  /** What is wrong with the way that was left; absent when a better one has come back. */
  readonly why?: string;
}

interface ClusterWays {
  readonly given: readonly GivenWay[];
  readonly opened: Map<UsableReach, Promise<Connection>>;
  current: UsableReach;
  kubeSystemUid: string | undefined;
  /** What made the present way doubtful. */
  doubt: string | undefined;
  choosing: Promise<void> | undefined;
}

export class Reaches {
  readonly #rancher: RancherServer;
  readonly #managementUid: string;
  readonly #clusters = new Map<string, ClusterWays>();
  readonly #listeners: ((change: ReachChange) => void)[] = [];

  constructor(rancher: RancherServer, managementUid: string) {
    this.#rancher = rancher;
    this.#managementUid = managementUid;
  }

  /**
   * Names further ways to a cluster, in the order in which they are to be tried after Rancher's tunnel. What was opened
   * for a way that is not among them any more is closed: an SSH session would keep the process alive.
   */
  give(id: string, given: readonly GivenWay[]): void {
    const fresh = { current: "rancher", kubeSystemUid: undefined, doubt: undefined, choosing: undefined } as const;
    const before = this.#clusters.get(id);
    const isKept = (reach: UsableReach): boolean =>
      given.some((way) => way.reach === reach && before?.given.includes(way) === true);
    const opened = [...(before?.opened ?? [])];
    this.#clusters.set(id, { given, opened: new Map(opened.filter(([reach]) => isKept(reach))), ...fresh });
    for (const [reach, connection] of opened) {
      if (!isKept(reach)) connection.then((one) => one.close()).catch(() => {});
    }
  }

  /** Names one more way, in its place among the others: a kubeconfig that a person gave first, a node by SSH last. */
  add(id: string, way: GivenWay): void {
    const others = this.given(id).filter(({ reach }) => reach !== way.reach);
    const all = [...others, way].toSorted((a, b) => ORDER.indexOf(a.reach) - ORDER.indexOf(b.reach));
    this.give(id, all);
  }

  given(id: string): readonly GivenWay[] {
    return this.#clusters.get(id)?.given ?? [];
  }

  /** Told of every change of a cluster's way. */
  onChange(listener: (change: ReachChange) => void): void {
    this.#listeners.push(listener);
  }

  /** The cluster was seen to be this one: other ways must lead to the same. */
  know(id: string, kubeSystemUid: string | undefined): void {
    const ways = this.#clusters.get(id);
    if (ways !== undefined) ways.kubeSystemUid ??= kubeSystemUid;
  }

  identity(id: string): ClusterIdentity {
    const kubeSystemUid = this.#clusters.get(id)?.kubeSystemUid;
    const own = kubeSystemUid === undefined ? {} : { kubeSystemUid };
    return { id, ...own, managementUid: this.#managementUid };
  }

  /** The cluster over one certain way. @throws FarrierError where the way cannot be used as it is configured */
  async over(id: string, reach: UsableReach, options: { readonly timeoutMs?: number } = {}): Promise<Api> {
    if (reach === "rancher") return this.#rancher.downstream(id, options);
    const ways = this.#clusters.get(id);
    const way = ways?.given.find((one) => one.reach === reach);
    if (ways === undefined || way === undefined) {
      throw new FarrierError("internal.unexpected", `Cluster ${id} has no way of the kind ${reach}.`);
    }
    return (await this.#opened(ways, way)).api;
  }

  /**
   * The cluster's own API server, past Rancher: over the first way that the configuration names.
   * @throws FarrierError `input.invalid` where it names none, or what is wrong with that way
   */
  async own(id: string): Promise<Connection> {
    const ways = this.#clusters.get(id);
    const [way] = ways?.given ?? [];
    if (ways !== undefined && way !== undefined) return await this.#opened(ways, way);
    throw new FarrierError("input.invalid", `No way past Rancher to cluster ${id} was named.`, {
      hint: "Name a kubeconfig of its own API server, with --cluster-kubeconfig or in farrier.yaml.",
    });
  }

  /** A way did not answer: what was opened for it (a session by SSH may have ended) is opened anew when it is tried again. */
  discard(id: string, reach: UsableReach): void {
    const opened = this.#clusters.get(id)?.opened;
    const connection = opened?.get(reach);
    opened?.delete(reach);
    connection?.then((one) => one.close()).catch(() => {});
  }

  /** A look has chosen this way. */
  use(id: string, reach: UsableReach, why?: string): void {
    const ways = this.#clusters.get(id);
    if (ways === undefined) return;
    const from = ways.current;
    ways.current = reach;
    ways.doubt = undefined;
    if (from === reach) return;
    const change = { id, from, to: reach, ...(why === undefined ? {} : { why }) };
    for (const listener of this.#listeners) listener(change);
  }

  /** The cluster over whichever way is the present one, at every request anew. */
  api(id: string, options: { readonly timeoutMs?: number } = {}): Api {
    const ways = this.#clusters.get(id);
    if (ways === undefined) return this.#rancher.downstream(id, options);
    return new FollowingApi(`cluster ${id}`, {
      choose: async () => {
        if (ways.doubt !== undefined) await this.#settle(id, ways);
        return await this.over(id, ways.current, options);
      },
      doubt: (why) => {
        ways.doubt = why;
      },
    });
  }

  async close(): Promise<void> {
    const opened = [...this.#clusters.values()].flatMap((ways) => [...ways.opened.values()]);
    await Promise.all(opened.map(async (one) => (await one.catch(() => undefined))?.close()));
  }

  async #opened(ways: ClusterWays, way: GivenWay): Promise<Connection> {
    const opened = ways.opened.get(way.reach) ?? this.#open(way);
    ways.opened.set(way.reach, opened);
    try {
      return await opened;
    } catch (error) {
      // What was wrong with it may be mended while Farrier waits at a gate.
      ways.opened.delete(way.reach);
      throw error;
    }
  }

  async #open(way: GivenWay): Promise<Connection> {
    const connection = await way.open();
    const { pathname, origin } = new URL(connection.server);
    if (!pathname.includes("/k8s/clusters/") && origin !== this.#rancher.serverUrl.origin) return connection;
    await connection.close();
    throw new FarrierError(
      "kubeconfig.through-rancher",
      `The ${way.called} leads through Rancher (${connection.server}).`,
    );
  }

  /** The first way that answers as this cluster, the present one before the others; several callers ask once. */
  async #settle(id: string, ways: ClusterWays): Promise<void> {
    ways.choosing ??= this.#chooseAnew(id, ways).finally(() => {
      ways.choosing = undefined;
    });
    await ways.choosing;
  }

  async #chooseAnew(id: string, ways: ClusterWays): Promise<void> {
    const all: UsableReach[] = ["rancher", ...ways.given.map(({ reach }) => reach)];
    const { doubt, current } = ways;
    for (const reach of [current, ...all.filter((one) => one !== current)]) {
      if (await this.#answers(id, reach)) {
        this.use(id, reach, doubt);
        return;
      }
    }
  }

  async #answers(id: string, reach: UsableReach): Promise<boolean> {
    try {
      const api = await this.over(id, reach, { timeoutMs: ANSWER_MS });
      const proof = await proveCluster(api, this.identity(id));
      return proof.kind === "proved";
    } catch (error) {
      // Only what Farrier raises on purpose: anything else is a defect.
      whyOf(error);
      this.discard(id, reach);
      return false;
    }
  }
}

const ORDER: readonly UsableReach[] = ["rancher", "direct", "endpoint", "ssh"];

/** A cluster that answers slower than this is as good as unreachable for a look. */
export const ANSWER_MS = 15_000;
