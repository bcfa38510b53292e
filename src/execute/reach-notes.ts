/** Says in the journal over which way a cluster is dealt with, where that is another than the plan's or the last one. */
import type { Reach } from "../estate/cluster.ts";
import type { ReachChange, Reaches, UsableReach } from "../observe/reaches.ts";
import type { Plan } from "../plan/plan.ts";
import { plannedCluster } from "../plan/reading.ts";
import { called } from "../plan/steps/context.ts";
import type { Ledger } from "./ledger.ts";

export class ReachNotes {
  readonly #plan: Plan;
  readonly #ledger: Ledger;
  readonly #reaches: Reaches;
  /** By cluster id; a cluster that came after the plan is expected behind Rancher's tunnel. */
  readonly #said: Map<string, Reach>;

  constructor(plan: Plan, ledger: Ledger, reaches: Reaches) {
    this.#plan = plan;
    this.#ledger = ledger;
    this.#reaches = reaches;
    this.#said = new Map(plan.clusters.map(({ id, reach }) => [id, reach]));
  }

  /** @throws FarrierError `rotation.unwritable` */
  async say({ id, to, why }: Pick<ReachChange, "id" | "to" | "why">): Promise<void> {
    const said = this.#said.get(id) ?? "rancher";
    this.#said.set(id, to);
    // A cluster that could not be reached gets late steps, and those are journalled themselves.
    if (said === to || (said === "none" && to === "rancher")) return;
    const because = why === undefined ? "." : `: ${why.replace(/\.$/, "")}.`;
    const cluster = called(plannedCluster(this.#plan, id) ?? { id, name: id });
    const text = `Cluster ${cluster} is reached ${this.#phrase(id, to)}${because}`;
    await this.#ledger.append({ target: id }, { type: "noted", data: { text } });
  }

  #phrase(id: string, to: UsableReach): string {
    if (to === "rancher") return "through Rancher again";
    const way = this.#reaches.given(id).find(({ reach }) => reach === to);
    return `over its ${way?.called ?? to} now`;
  }
}
