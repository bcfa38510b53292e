/** A program that makes the agent's start check: it compares its pin with the served one, and exits if they differ. */
import type { ContainerProgram } from "../../src/sandbox/controllers/container-program.ts";
import { AgentRecord } from "./agent-record.ts";

/** rancher.md §0b row 1: the new pod is Ready for 1.5 s before its start check fails. */
const CHECK_AFTER = 1_500;

export class PinnedAgents extends AgentRecord {
  /** The pin of the bundle that is served now. */
  served: string;

  constructor(served: string) {
    super();
    this.served = served;
  }

  readonly program: ContainerProgram = {
    start: ({ pod, env, clock, log }) => {
      const { promise, resolve } = Promise.withResolvers<number>();
      const pin = env.CATTLE_CA_CHECKSUM;
      const { uid = "", name } = pod.metadata;
      log("starting");
      const check = clock.after(CHECK_AFTER, () => {
        if (pin === this.served) this.connect(uid, pin, clock);
        else exit(1, `Configured cacerts checksum (${this.served}) does not match given --ca-checksum (${pin})`);
      });
      const exit = (code: number, line: string) => {
        log(line);
        check.cancel();
        this.end(start, clock.now());
        this.disconnect(uid, clock);
        resolve(code);
      };
      const start = this.begin({ pod: name, pin, at: clock.now() });
      return { exited: promise, stop: () => exit(143, "terminated"), ready: () => true };
    },
  };
}

/** A cluster whose kubelet runs such programs, for a Deployment of one that has the present pin. */
export async function pinned<C>(start: (programs: Readonly<Record<string, ContainerProgram>>) => Promise<C>) {
  const pins = { present: "present", next: "next" };
  const agents = new PinnedAgents(pins.present);
  const cluster = await start({ "rancher/rancher-agent": agents.program });
  const deployment = { image: "rancher/rancher-agent:v2.15.1", env: { CATTLE_CA_CHECKSUM: pins.present } };
  return { cluster, agents, pins, deployment };
}
