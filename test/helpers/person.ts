/**
 * The person who changes the certificate where TLS ends before the cluster: they read the journal, as whoever looks at a
 * rotation does, and are not there before they are asked.
 */
import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { JOURNAL_FILE } from "../../src/execute/rotation.ts";
import { leafOf, presentedLeaves } from "./estate-facts.ts";
import type { RotationLab, ServingPair } from "./rotation-lab.ts";
import { presentAtLoadBalancer } from "./serving-pair.ts";

type Estate = Pick<RotationLab, "sandbox">;

export class Person {
  readonly #sandbox: RotationLab["sandbox"];
  /** What is presented at the beginning, and what the rotation leads to. */
  readonly #pairs: { readonly old: ServingPair; readonly target: ServingPair };
  readonly #watchers: FSWatcher[] = [];
  #presented: ServingPair;
  #work: Promise<void> = Promise.resolve();

  private constructor({ sandbox }: Estate, pairs: { old: ServingPair; target: ServingPair }) {
    this.#sandbox = sandbox;
    this.#pairs = pairs;
    this.#presented = pairs.old;
  }

  /** They have the key of what is presented from now on. */
  static async at(estate: Estate, target: ServingPair): Promise<Person> {
    const old = await estate.sandbox.pki.today.issue();
    const person = new Person(estate, { old, target });
    await person.#present(old);
    return person;
  }

  /** @param directory of a rotation */
  follow(directory: string): void {
    // What goes wrong is told by `stop`.
    const look = (): void => void this.settled(directory).catch(() => {});
    this.#watchers.push(watch(directory, look));
    look();
  }

  /** What they are asked to do by now is done, and seen from outside. */
  async settled(directory: string): Promise<void> {
    this.#work = this.#work.then(() => this.#look(directory));
    await this.#work;
  }

  async stop(): Promise<void> {
    for (const watcher of this.#watchers) watcher.close();
    await this.#work;
  }

  async #look(directory: string): Promise<void> {
    const text = await readFile(join(directory, JOURNAL_FILE), "utf8").catch(() => "");
    // What is after the last end of a line is not written yet, or never will be.
    const lines = text.split("\n").slice(0, -1);
    const wanted = lines.some((line) => line.includes('"direction":"rollback"')) ? "old" : "target";
    const pair = this.#pairs[wanted];
    if (pair !== this.#presented && isAsked(lines)) await this.#present(pair);
  }

  async #present(pair: ServingPair): Promise<void> {
    await presentAtLoadBalancer(this.#sandbox, pair);
    this.#presented = pair;
    const leaf = leafOf(pair.certificate);
    // Whose connection fails has seen nothing yet.
    const seen = async () => {
      const leaves = await presentedLeaves(this.#sandbox).catch(() => []);
      return leaves.length > 0 && leaves.every((one) => one === leaf);
    };
    await this.#sandbox.waitUntil(seen, { what: "the certificate to be presented" });
  }
}

/** Nothing else holds the gate, and it is held still. */
function isAsked(lines: readonly string[]): boolean {
  const last = lines.findLast((line) => /"type":"(gate-held|gate-passed|plan-begun)"/.test(line)) ?? "{}";
  const { type, data } = JSON.parse(last);
  if (type !== "gate-held") return false;
  return data.holds.every(({ why }: { why: string }) => why.includes("TLS ends before the cluster"));
}
