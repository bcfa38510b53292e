import type { RancherProfile } from "./profile.ts";
import type { Replicas } from "./replicas.ts";
import type { SessionRegistry } from "./session-registry.ts";
import type { TunnelHandler } from "./tunnel.ts";

/** What the replicas of one Rancher share, and what the sandbox decides for them. */
export interface RancherWorld {
  readonly profile: RancherProfile;
  /** `https://localhost:<port>`, without a slash at the end. */
  readonly serverUrl: string;
  readonly sessions: SessionRegistry;
  readonly replicas: Replicas;
  /** The management cluster's API; requests come with the identity that Rancher impersonates. */
  readonly localApi: TunnelHandler;
  /** Cluster IDs by registration token. */
  readonly registrationTokens: ReadonlyMap<string, string>;
  readonly conduct: RancherConduct;
}

/** How the processes behave: the scenario's durations, and faults that come and go. */
export interface RancherConduct {
  /** From the start of a process until it serves, in milliseconds of sandbox time. */
  startMs(): number;
  /** How long a replica believes a setting after another one has changed it, in milliseconds of sandbox time. */
  settingDelayMs(): number;
  /** The file that a starting process finds instead of the mounted one: its node has not noticed the change. */
  staleBundle(): string | undefined;
  /** The status that a request is refused with, if this one is. */
  refusal(): number | undefined;
  /** Clusters that the people's token may not see. */
  readonly hidden: ReadonlySet<string>;
  /** Whether Rancher does not take over what this cluster's agent reports. */
  ignoresReportOf(clusterId: string): boolean;
  /** Whether a process that began to serve then follows this cluster's logs with a token of before. */
  isStale(stream: "log" | "exec", clusterId: string, processSince: Date): boolean;
  /** Whether clusters may refuse what they took before, so that each is asked again and again. */
  mayRefuse(): boolean;
  /** Whether links may be half open, so that sessions are worth a ping. */
  mayHang(): boolean;
  started(pod: string): void;
  exited(pod: string, code: number): void;
  /** The condition `Connected` of a cluster has changed. */
  connectedChanged(clusterId: string, connected: boolean): void;
}
