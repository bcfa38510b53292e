/** Clusters' own API servers, past Rancher: those of which a kubeconfig was named, opened when they are first needed. */
import { FarrierError } from "../errors.ts";
import { type Connection, connectKubeconfig } from "../kubernetes/connection.ts";
import type { KubeconfigChoice } from "../kubernetes/kubeconfig.ts";
import { ANSWER_MS } from "./reaches.ts";

export class DirectClusters {
  readonly #choices = new Map<string, KubeconfigChoice>();
  readonly #open = new Map<string, Promise<Connection>>();

  /** Says with which kubeconfig a cluster is to be reached; nothing is opened yet. */
  choose(id: string, choice: KubeconfigChoice): void {
    this.#choices.set(id, choice);
  }

  has(id: string): boolean {
    return this.#choices.has(id);
  }

  /** @throws FarrierError `input.invalid` where none was named; `kubeconfig.*`, `input.file-*` */
  open(id: string): Promise<Connection> {
    const known = this.#open.get(id);
    if (known !== undefined) return known;
    const choice = this.#choices.get(id);
    if (choice === undefined) {
      return Promise.reject(
        new FarrierError("input.invalid", `No kubeconfig of cluster ${id}'s own API server was named.`, {
          hint: "Name one with --cluster-kubeconfig: what is stale cannot be mended through Rancher.",
        }),
      );
    }
    const opening = connectKubeconfig(choice, { name: `cluster ${id}, past Rancher,`, timeoutMs: ANSWER_MS });
    this.#open.set(id, opening);
    return opening;
  }

  async close(): Promise<void> {
    const settled = await Promise.allSettled(this.#open.values());
    await Promise.all(settled.map((one) => (one.status === "fulfilled" ? one.value.close() : undefined)));
  }
}
