import type { ContainerContext, ContainerProgram, RunningContainer } from "../controllers/container-program.ts";
import { trimSpace } from "./go-trim.ts";
import { Impersonation } from "./impersonation.ts";
import { leaderControllers } from "./leader.ts";
import { recordOf } from "./norman.ts";
import { bundleAnswer } from "./public-endpoints.ts";
import { core, SETTINGS } from "./resources.ts";
import { RancherServer } from "./server.ts";
import { SettingMemory } from "./setting-memory.ts";
import type { RancherWorld } from "./world.ts";

/** Where the chart mounts the Secret `tls-ca`, through a sub-path. */
const BUNDLE_PATH = "/etc/rancher/ssl/cacerts.pem";

/** The exit code of a process that SIGTERM ended. */
const TERMINATED = 143;

/**
 * The image rancher/rancher. At its start, and only then, it reads the mounted bundle and makes it the setting
 * `cacerts`; then it serves until it is stopped. Where the setting cannot be written it ends (rancher.md §2.1).
 */
export function rancherProgram(world: RancherWorld): ContainerProgram {
  return {
    start(context: ContainerContext): RunningContainer {
      const process = new RancherProcess(context, world);
      return { exited: process.run(), stop: () => process.stop(), ready: () => process.serving };
    },
  };
}

class RancherProcess {
  serving = false;
  readonly #context: ContainerContext;
  readonly #world: RancherWorld;
  readonly #stopped = Promise.withResolvers<void>();
  #isStopped = false;

  constructor(context: ContainerContext, world: RancherWorld) {
    this.#context = context;
    this.#world = world;
  }

  get #pod(): string {
    return this.#context.pod.metadata.name;
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopped.resolve();
  }

  async run(): Promise<number> {
    const { conduct } = this.#world;
    conduct.started(this.#pod);
    const settings = new SettingMemory(this.#context.client, this.#context.clock, () => conduct.settingDelayMs());
    try {
      const code = await this.#start(settings);
      if (code === undefined) await this.#serve(settings);
      conduct.exited(this.#pod, code ?? TERMINATED);
      return code ?? TERMINATED;
    } finally {
      settings.close();
    }
  }

  /** @returns the exit code, if the process does not come to serving */
  async #start(settings: SettingMemory): Promise<number | undefined> {
    const { conduct, replicas, profile } = this.#world;
    const file = conduct.staleBundle() ?? this.#context.readFile(BUNDLE_PATH) ?? (await this.#ownBundle());
    replicas.beginStart();
    try {
      this.#log("INFO", `Rancher version ${profile.version} is starting`);
      await this.#sleep(conduct.startMs());
      if (this.#isStopped) return TERMINATED;
      if (file !== undefined) await this.#setBundle(settings, trimSpace(file));
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#context.log(`time="${this.#now()}" level=fatal msg="failed to setup TLS listener: ${reason}"`);
      return 1;
    } finally {
      replicas.endStart();
    }
  }

  /** Without a mounted bundle: nothing with `--no-cacerts`, else the CA that Rancher has made for itself. */
  async #ownBundle(): Promise<string | undefined> {
    const { client, container } = this.#context;
    if (container.args?.includes("--no-cacerts") === true) return "";
    const secret = await client.get(core("secrets", "cattle-system"), "tls-rancher");
    const encoded = recordOf(secret?.data)["tls.crt"];
    return typeof encoded === "string" ? Buffer.from(encoded, "base64").toString() : undefined;
  }

  async #setBundle(settings: SettingMemory, value: string): Promise<void> {
    const { client } = this.#context;
    const setting = await client.get(SETTINGS, "cacerts");
    if (setting === undefined) throw new Error('settings.management.cattle.io "cacerts" not found');
    settings.remember(setting);
    if (setting.value !== value) settings.remember(await client.update(SETTINGS, { ...setting, value }));
  }

  async #serve(settings: SettingMemory): Promise<void> {
    const { replicas, sessions } = this.#world;
    const { client, clock } = this.#context;
    const log = (level: "INFO" | "ERROR", line: string) => this.#log(level, line);
    const impersonation = new Impersonation();
    const server = new RancherServer({
      world: this.#world,
      settings,
      impersonation,
      client,
      clock,
      since: clock.now(),
      pod: this.#pod,
      log,
    });
    this.serving = true;
    replicas.join({
      pod: this.#pod,
      answer: (path) => bundleAnswer(path, settings.object("cacerts"), this.#world.serverUrl),
      handle: (request, response) => server.handle(request, response),
      upgrade: (request, socket, head) => server.upgrade(request, socket, head),
      lead: () => leaderControllers({ world: this.#world, settings, client, clock, log }),
    });
    await this.#stopped.promise;
    this.serving = false;
    replicas.leave(this.#pod);
    server.close();
    sessions.closePod(this.#pod);
  }

  #sleep(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#context.clock.after(milliseconds, resolve);
    void this.#stopped.promise.then(() => {
      timer.cancel();
      resolve();
    });
    return promise;
  }

  #log(level: "INFO" | "ERROR", line: string): void {
    this.#context.log(`${this.#now().replaceAll("-", "/").replace("T", " ").replace("Z", "")} [${level}] ${line}`);
  }

  #now(): string {
    return this.#context.clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
  }
}
