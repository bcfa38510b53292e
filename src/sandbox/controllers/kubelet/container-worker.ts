/**
 * Runs one container of a pod: pulls, starts, notices the end, backs off, starts again.
 *
 *     pull ──► configure ──► run ──exit──► (back-off) ──► configure …
 *
 * Restarts follow the pod's `restartPolicy`; a stop ends all of it.
 */
import type { Clock } from "../../clock.ts";
import type { ClusterClient } from "../../cluster-client.ts";
import { type Images, isPullable, programOf, type RunningContainer } from "../container-program.ts";
import type { Container, Pod } from "../pod.ts";
import { inMinutes, isBackOff, nextBackOff, restartDelay } from "./back-off.ts";
import { pause } from "./bell.ts";
import { ContainerLog } from "./container-log.ts";
import type { ContainerState, ContainerView, Terminated } from "./container-state.ts";
import type { Content } from "./content.ts";
import { resolveEnvironment } from "./environment.ts";
import { ReadinessProbe } from "./readiness-probe.ts";
import { mountedFiles } from "./volumes.ts";

/** What a container needs of the pod and the node that it is in. */
export interface ContainerHost {
  readonly clock: Clock;
  readonly images: Images;
  readonly content: Content;
  /** The cluster as the pod's service account. */
  readonly client: ClusterClient;
  /** The pod as it is now. */
  pod(): Pod;
  /** Called after each change of what `view()` shows. */
  changed(): void;
  /** Records a warning about the pod. */
  warn(reason: string, message: string): void;
  /** Aborted when the pod is to end. */
  readonly halt: AbortSignal;
}

interface Run {
  readonly program: RunningContainer;
  readonly ended: Promise<void>;
  isStopping: boolean;
}

type RestartPolicy = "Always" | "OnFailure" | "Never";

export class ContainerWorker {
  readonly spec: Container;
  readonly #host: ContainerHost;
  readonly #policy: RestartPolicy;
  #state: ContainerState;
  #last: Terminated | undefined;
  #restarts = 0;
  #ready = false;
  #finished = false;
  #log: ContainerLog | undefined;
  #previousLog: ContainerLog | undefined;
  #running: Run | undefined;

  constructor(spec: Container, policy: RestartPolicy, host: ContainerHost) {
    this.spec = spec;
    this.#policy = policy;
    this.#host = host;
    const isFirst = !host.pod().spec.initContainers?.length;
    this.#state = { kind: "waiting", reason: isFirst ? "ContainerCreating" : "PodInitializing" };
  }

  view(): ContainerView {
    return {
      name: this.spec.name,
      image: this.spec.image,
      state: this.#state,
      last: this.#last,
      restarts: this.#restarts,
      ready: this.#ready,
      finished: this.#finished,
    };
  }

  /** The log of the present run (or the last one), or of the run before it; undefined if there was none. */
  log(previous: boolean): ContainerLog | undefined {
    return previous ? this.#previousLog : this.#log;
  }

  /** Resolves when the container has ended and will not be started again. @returns whether its last exit code was 0 */
  async run(): Promise<boolean> {
    const { halt, clock } = this.#host;
    await this.#pull();
    let delay: number | undefined;
    while (!halt.aborted) {
      const ended = await this.#runOnce();
      if (!ended || halt.aborted || !this.#isRestarted(ended)) break;
      delay = restartDelay(delay, clock.elapsed(ended.startedAt) - clock.elapsed(ended.finishedAt));
      this.#backOff(delay, ended);
      await pause(clock, delay, halt);
    }
    this.#finished = true;
    this.#host.changed();
    return this.#state.kind === "terminated" && this.#state.exitCode === 0;
  }

  /** Sends SIGTERM. Resolves when the program has ended, which may be never. */
  async stop(): Promise<void> {
    const run = this.#running;
    if (!run) return;
    if (!run.isStopping) run.program.stop();
    run.isStopping = true;
    await run.ended;
  }

  async #pull(): Promise<void> {
    const { images, clock, halt, warn } = this.#host;
    const { image } = this.spec;
    let delay: number | undefined;
    while (!halt.aborted && !isPullable(images, image)) {
      const failure = `failed to pull and unpack image "${image}": not found`;
      warn("Failed", `Failed to pull image "${image}": ${failure}`);
      this.#show({ kind: "waiting", reason: "ErrImagePull", message: failure });
      await pause(clock, 1_000, halt);
      delay = nextBackOff(delay);
      const message = `Back-off pulling image "${image}"`;
      this.#show({ kind: "waiting", reason: "ImagePullBackOff", message });
      warn("BackOff", message);
      await pause(clock, delay, halt);
    }
  }

  /** The environment as it can be resolved now; waits while a Secret or ConfigMap is missing. */
  async #environment(): Promise<Readonly<Record<string, string>> | undefined> {
    const { content, halt, pod, warn } = this.#host;
    while (!halt.aborted) {
      const resolved = resolveEnvironment(pod(), this.spec, content);
      if (resolved.kind === "resolved") return resolved.env;
      this.#show({ kind: "waiting", reason: "CreateContainerConfigError", message: resolved.message });
      warn("Failed", `Error: ${resolved.message}`);
      await content.changed.wait(halt);
    }
    return undefined;
  }

  async #runOnce(): Promise<Terminated | undefined> {
    const env = await this.#environment();
    if (!env || this.#host.halt.aborted) return undefined;
    const startedAt = this.#host.clock.now();
    if (this.#log) this.#restarts += 1;
    this.#previousLog = this.#log;
    const log = new ContainerLog();
    this.#log = log;
    const program = this.#start(env, log);
    if (!program) return this.#end({ exitCode: 128, reason: "StartError", startedAt });
    const exited = program.exited.catch(() => 2);
    this.#running = { program, ended: exited.then(() => {}), isStopping: false };
    if (this.#state.kind === "terminated") this.#last = this.#state;
    this.#ready = !this.spec.readinessProbe;
    this.#show({ kind: "running", startedAt });
    const probe = this.#probe(program);
    const exitCode = await exited;
    probe?.stop();
    this.#running = undefined;
    return this.#end({ exitCode, reason: exitCode === 0 ? "Completed" : "Error", startedAt });
  }

  #start(env: Readonly<Record<string, string>>, log: ContainerLog): RunningContainer | undefined {
    const { clock, client, content, images, pod } = this.#host;
    try {
      return programOf(images, this.spec.image).start({
        pod: pod().object,
        container: this.spec,
        env,
        client,
        readFile: mountedFiles(pod(), this.spec, content),
        log: (text) => log.append({ at: clock.now(), text }),
        clock,
      });
    } catch {
      return undefined;
    }
  }

  #probe(program: RunningContainer): ReadinessProbe | undefined {
    if (!this.spec.readinessProbe) return undefined;
    return new ReadinessProbe(this.spec.readinessProbe, {
      clock: this.#host.clock,
      ask: () => program.ready(),
      tell: (ready) => {
        this.#ready = ready;
        this.#host.changed();
      },
    });
  }

  #end(end: Omit<Terminated, "kind" | "finishedAt">): Terminated {
    const ended: Terminated = { kind: "terminated", ...end, finishedAt: this.#host.clock.now() };
    this.#ready = false;
    this.#log?.end();
    this.#show(ended);
    return ended;
  }

  #isRestarted({ exitCode }: Terminated): boolean {
    return this.#policy === "Always" || (this.#policy === "OnFailure" && exitCode !== 0);
  }

  #backOff(delay: number, ended: Terminated): void {
    if (!isBackOff(delay)) return;
    const { name, namespace, uid } = this.#host.pod();
    const pod = `${name}_${namespace}(${uid})`;
    this.#last = ended;
    const message = `back-off ${inMinutes(delay)} restarting failed container=${this.spec.name} pod=${pod}`;
    this.#show({ kind: "waiting", reason: "CrashLoopBackOff", message });
    this.#host.warn("BackOff", `Back-off restarting failed container ${this.spec.name} in pod ${pod}`);
  }

  #show(state: ContainerState): void {
    this.#state = state;
    this.#host.changed();
  }
}
