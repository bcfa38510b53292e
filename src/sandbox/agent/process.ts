import type { ContainerContext } from "../controllers/container-program.ts";
import type { AgentSurroundings } from "./agent-program.ts";

/** Where `run.sh` stores the bundle that it fetched. */
export const SERVER_CA_PATH = "/etc/kubernetes/ssl/certs/serverca";

/** The exit code of a process that SIGTERM ended. */
export const TERMINATED = 143;

const SHUTDOWN_MS = 1000;

/** One run of the agent's container: its environment, its log, and its end. */
export class AgentProcess {
  readonly context: ContainerContext;
  readonly surroundings: AgentSurroundings;
  readonly podName: string;
  /** `CATTLE_SERVER`, without a slash at the end. */
  readonly server: string;
  leaseLost = false;
  readonly #stopped = new AbortController();

  constructor(context: ContainerContext, surroundings: AgentSurroundings) {
    this.context = context;
    this.surroundings = surroundings;
    this.podName = context.pod.metadata.name;
    this.server = (context.env.CATTLE_SERVER ?? "").replace(/\/$/, "");
  }

  /** Fires when the container ends. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  get strict(): boolean {
    return this.context.env.STRICT_VERIFY === "true";
  }

  /** The embedded Rancher ends its process when another could lead (rancher.md §0a row 18). */
  loseLease(): void {
    this.leaseLost = true;
    this.log("fatal", "leaderelection lost for cattle-controllers");
    this.end();
  }

  /** SIGTERM: the process is done about a second later, so that what it is answering gets through. */
  stop(): void {
    this.context.clock.after(SHUTDOWN_MS, () => this.end());
  }

  /** The process is gone, and its connections with it. */
  end(): void {
    this.#stopped.abort(STOPPED);
  }

  /** Waits in sandbox time; returns early when the container is stopped. */
  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.signal.aborted) return resolve();
      const onStop = () => {
        timer.cancel();
        resolve();
      };
      const timer = this.context.clock.after(milliseconds, () => {
        this.signal.removeEventListener("abort", onStop);
        resolve();
      });
      this.signal.addEventListener("abort", onStop, { once: true });
    });
  }

  /** A line of `run.sh`. */
  say(level: "INFO" | "ERROR", text: string): void {
    this.context.log(`${level}: ${text}`);
  }

  /** A line of the binary, in logrus' form. @param fields further fields, which come after the message */
  log(level: "info" | "error" | "fatal", message: string, fields: Readonly<Record<string, string>> = {}): void {
    const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
    const time = this.context.clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
    this.context.log(`time="${time}" level=${level} msg=${JSON.stringify(message)}${rest.join("")}`);
  }
}

/** Without a reason, each signal would make an exception of its own, with its stack. */
const STOPPED = new Error("the process has ended");
