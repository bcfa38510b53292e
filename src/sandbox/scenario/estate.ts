import { randomUUID } from "node:crypto";
import { createRoot } from "../../pki/issuing/authority.ts";
import { serviceAccount } from "../api-server/authorization.ts";
import { BUILT_IN_KINDS } from "../api-server/built-in-kinds.ts";
import { DOWNSTREAM_KINDS, rancherKinds } from "../api-server/rancher-kinds.ts";
import { type ClusterAuthority, createClusterAuthority } from "../api-server/serving-identity.ts";
import { type Clock, realClock, type StoppableClock } from "../clock.ts";
import type { ContainerProgram } from "../controllers/container-program.ts";
import type { NodeDescription } from "../controllers/nodes.ts";
import { HeldClock } from "../held-clock.ts";
import type { ManifestFacts } from "../rancher/agent-manifest.ts";
import { trimSpace } from "../rancher/go-trim.ts";
import { Ingress } from "../rancher/ingress.ts";
import { type RancherProfile, rancherProfile } from "../rancher/profile.ts";
import { rancherProgram } from "../rancher/rancher-program.ts";
import { Replicas } from "../rancher/replicas.ts";
import { SessionRegistry } from "../rancher/session-registry.ts";
import { settingsWebhook } from "../rancher/webhook.ts";
import { Stalls } from "../stalls.ts";
import { createPki, type SandboxPki, type TodayIs } from "./authority.ts";
import { BACKUP_OPERATOR_KINDS, BackupOperator, backupOperatorObjects } from "./backup-operator.ts";
import { bundleText } from "./bundle-text.ts";
import { CERT_MANAGER_KINDS, CertManager } from "./cert-manager.ts";
import { Conduct } from "./conduct.ts";
import { DownstreamCluster, registrationToken } from "./downstream-cluster.ts";
import type { ClusterOptions, EstateCluster } from "./estate-cluster.ts";
import { HostingRancher, PROVISIONING_KINDS } from "./hosting-rancher.ts";
import { localCluster } from "./local-cluster.ts";
import { ADMIN_USER, managementObjects, servingPlace } from "./management-objects.ts";
import { RancherContainer } from "./rancher-container.ts";
import { type Random, randomSuffix, seededRandom } from "./random.ts";
import { GATEWAY_KINDS, isIssued } from "./release-objects.ts";
import type { Scenario, ScenarioCluster } from "./scenario.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";
import { StatisticsKeeper } from "./statistics.ts";
import { rancherStartSeconds, waitUntil } from "./waiting.ts";

/** How many clusters are started at the same time. */
const BATCH = 25;

/** Who has signed the certificate, by the chart's source. */
const TODAY_IS = {
  secret: "private",
  external: "private",
  rancher: "generated",
  letsEncrypt: "public",
} as const satisfies Record<Scenario["tls"]["source"], TodayIs>;

const MANAGEMENT_KUBERNETES = "v1.33.4";
const RANCHER = { namespace: "cattle-system", name: "rancher" };

const DOWNSTREAM = [...BUILT_IN_KINDS, ...DOWNSTREAM_KINDS];
const MANAGEMENT = {
  plain: [...BUILT_IN_KINDS, ...rancherKinds({ clusterStatusSubresource: false })],
  withStatus: [...BUILT_IN_KINDS, ...rancherKinds({ clusterStatusSubresource: true })],
};

/** Estate milliseconds for which a process that does not come to its turn makes no difference to anybody. */
const STALL_MS = 5_000;
/** Wall milliseconds that pass between two turns on any machine. */
const LEAST_STALL_MS = 10;

/** A whole estate with a simulated Rancher: its own cluster, and the clusters that it manages. */
export class Estate<C extends EstateCluster = SimulatedCluster> {
  readonly scenario: Scenario;
  readonly profile: RancherProfile;
  /** What is of no cluster lives by it: links, Rancher's ingress, what is counted. Its clusters have clocks of their own. */
  readonly clock: Clock;
  readonly #base: StoppableClock;
  readonly #stalls: Stalls;
  readonly random: Random;
  readonly statistics: StatisticsKeeper;
  readonly conduct: Conduct;
  readonly management: C;
  readonly downstream: readonly DownstreamCluster<C>[];
  readonly replicas = new Replicas();
  readonly sessions: SessionRegistry;
  readonly pki: SandboxPki;
  /** Who the clusters' own API servers are; it has nothing to do with Rancher's certificate. */
  readonly authority: ClusterAuthority;
  #container: RancherContainer | undefined;
  /** `token-xxxxx:<secret>`, an administrator's. */
  readonly token: string;
  readonly #ingress: Ingress;
  /** The Rancher that has provisioned the management cluster. */
  readonly hosting: { readonly rancher: HostingRancher; readonly cluster: C } | undefined;
  readonly #certManager: CertManager | undefined;
  readonly #backupOperator: BackupOperator | undefined;
  readonly #makeCluster: (options: ClusterOptions) => C;
  #serverUrl = "";

  private constructor(scenario: Scenario, parts: EstateParts<C>) {
    const { pki, authority } = parts;
    this.#makeCluster = parts.makeCluster;
    this.scenario = scenario;
    this.#base = parts.clock;
    this.#stalls = new Stalls(Math.max(LEAST_STALL_MS, STALL_MS / scenario.speed));
    const clock = new HeldClock(this.#base, this.#stalls);
    this.clock = clock;
    this.pki = pki;
    this.authority = authority;
    this.#certManager = isIssued(scenario.tls.source) ? new CertManager(pki.publicCa) : undefined;
    const { backupOperator } = scenario;
    this.#backupOperator = backupOperator === undefined ? undefined : new BackupOperator(backupOperator);
    this.random = seededRandom(scenario.seed);
    this.profile = rancherProfile(scenario.rancher.version);
    this.statistics = new StatisticsKeeper(clock);
    this.conduct = new Conduct(scenario, seededRandom(scenario.seed + 1), this.statistics);
    this.sessions = new SessionRegistry((key, open) => this.statistics.session(key, open));
    this.token = `token-${randomSuffix(this.random, 5)}:${randomSuffix(this.random, 54)}`;
    this.management = this.#managementCluster();
    this.hosting = this.#hostingRancher();
    this.downstream = scenario.clusters.map((description) => this.#downstreamCluster(description));
    const { port, rancher } = scenario;
    const delayMs = (replica: number) => this.conduct.ingressDelayMs(replica);
    const { client } = this.management;
    const secret = servingPlace(scenario.tls.source);
    this.#ingress = new Ingress({ client, clock, port, replicas: rancher.ingressReplicas, delayMs, secret });
  }

  /** Builds and starts it; resolves when Rancher serves and every cluster's agents have been started. */
  static start(scenario: Scenario): Promise<Estate> {
    return Estate.startOn(scenario, (options) => new SimulatedCluster(options));
  }

  /** The same on clusters of another make. They are the estate's from then on: it stops them with itself. */
  static async startOn<C extends EstateCluster>(
    scenario: Scenario,
    makeCluster: (options: ClusterOptions) => C,
  ): Promise<Estate<C>> {
    const clock = realClock(scenario.speed);
    const [pki, authority] = await Promise.all([
      createPki(clock, TODAY_IS[scenario.tls.source]),
      createClusterAuthority({ name: "kubernetes", now: clock.now() }),
    ]);
    const estate = new Estate(scenario, { clock, pki, authority, makeCluster });
    try {
      await estate.#start();
      return estate;
    } catch (error) {
      await estate.stop();
      throw error;
    }
  }

  get serverUrl(): string {
    return this.#serverUrl;
  }

  /** Where Rancher runs in one. */
  get rancherContainer(): RancherContainer | undefined {
    return this.#container;
  }

  async stop(): Promise<void> {
    this.conduct.stop();
    await this.#container?.stop();
    await this.#certManager?.stop();
    await this.#backupOperator?.stop();
    await this.#ingress.close();
    await Promise.all(this.downstream.map(({ cluster }) => cluster.stop()));
    await this.hosting?.rancher.stop();
    await this.management.stop();
    this.#base.stop();
    this.#stalls.stop();
  }

  async #start(): Promise<void> {
    const port = await this.#ingress.listen();
    this.#serverUrl = `https://${this.scenario.hostname}:${port}`;
    const facts = await this.#facts();
    await this.management.create([...facts.objects, localCluster(MANAGEMENT_KUBERNETES, this.clock.now())]);
    const { backupOperator } = this.scenario;
    if (backupOperator !== undefined) await this.management.create(backupOperatorObjects(backupOperator));
    this.#backupOperator?.start(this.management.client, this.clock);
    await this.hosting?.rancher.start(this.clock, this.management);
    this.conduct.follow(this.management.client);
    this.#certManager?.start(this.management.client, this.clock);
    // With its colon, so that it does not fit rancher/rancher-webhook.
    const program = this.#rancher();
    await this.management.start({ programs: { "rancher/rancher:": program } }, this.#managementNodes());
    this.#container = this.scenario.rancher.container ? this.#containerOf(program, facts.bundleFile) : undefined;
    this.#container?.start();
    this.management.servePods?.(({ pod, path }) => this.replicas.named(pod)?.answer(path));
    await this.#ingress.serve(this.replicas);
    const seconds = rancherStartSeconds(this.scenario);
    await waitUntil(() => this.replicas.serving > 0, { what: "Rancher to serve", seconds });
    await this.#startDownstream(facts.manifest);
  }

  async #startDownstream(manifest: Omit<ManifestFacts, "features" | "token" | "namespace">): Promise<void> {
    for (const cluster of this.downstream) {
      const { profile, serverUrl, bundle, installUuid } = manifest;
      await cluster.prepare(manifest);
      const at = this.clock.now();
      await this.management.create(await cluster.managementObjects({ profile, serverUrl, bundle, installUuid, at }));
    }
    for (let first = 0; first < this.downstream.length; first += BATCH) {
      const batch = this.downstream.slice(first, first + BATCH);
      await Promise.all(batch.map((cluster) => cluster.start()));
    }
  }

  async #facts() {
    const { scenario, profile, clock, pki } = this;
    const served = scenario.tls.source === "letsEncrypt" ? "" : pki.today.bundle;
    const bundleFile = bundleText(served, scenario.tls.bundle);
    const internal = await createRoot({ commonName: "dynamiclistener-ca", now: clock.now(), days: 3650 });
    const [name = "", secret = ""] = this.token.split(":");
    const common = {
      profile,
      serverUrl: this.serverUrl,
      bundle: trimSpace(bundleFile),
      installUuid: randomUUID(),
    };
    const objects = managementObjects({
      ...common,
      tlsMode: scenario.tls.mode,
      internalCa: internal.certificatePem,
      internalKey: internal.keyPem,
      hostname: scenario.hostname,
      replicas: scenario.rancher.replicas,
      container: scenario.rancher.container,
      bundleFile,
      source: scenario.tls.source,
      exposure: scenario.tls.exposure,
      authority: pki.today,
      serving: await pki.today.issue(),
      token: { name, secret, expiresAt: this.#tokenExpiry() },
      at: clock.now(),
    });
    const strict = profile.tlsMode ? scenario.tls.mode === "strict" : undefined;
    return { objects, bundleFile, manifest: { ...common, strict } };
  }

  #containerOf(program: ContainerProgram, bundle: string): RancherContainer {
    const { management, clock } = this;
    return new RancherContainer(program, { client: management.client, clock, bundle });
  }

  #tokenExpiry(): string {
    const fault = this.scenario.faults.find((each) => each.kind === "token-expires");
    if (fault === undefined) return "";
    return new Date(this.clock.now().getTime() + fault.minutes * 60_000).toISOString().replace(/\.\d+Z$/, "Z");
  }

  #rancher() {
    const { profile, sessions, replicas, conduct, serverUrl, management } = this;
    const registrationTokens = new Map(this.downstream.map(({ token, id }) => [token, id]));
    const localApi = management.handlerFor(serviceAccount(RANCHER));
    return rancherProgram({ profile, serverUrl, sessions, replicas, localApi, registrationTokens, conduct });
  }

  #managementCluster(): C {
    const own = this.profile.statusSubresource ? MANAGEMENT.withStatus : MANAGEMENT.plain;
    const kinds = [
      ...own,
      ...(this.#certManager === undefined ? [] : CERT_MANAGER_KINDS),
      ...(this.scenario.tls.exposure === "gateway" ? GATEWAY_KINDS : []),
      ...(this.#backupOperator === undefined ? [] : BACKUP_OPERATOR_KINDS),
    ];
    const powerful = [ADMIN_USER, serviceAccount(RANCHER).name];
    const { random } = this;
    return this.#makeCluster({
      name: "management",
      kubernetes: MANAGEMENT_KUBERNETES,
      kinds,
      clock: this.#base,
      stalls: this.#stalls,
      random,
      powerful,
      historyLimit: Math.max(400, 4 * this.scenario.clusters.length),
      admission: [settingsWebhook(this.profile)],
      identity: this.authority,
    });
  }

  #managementNodes(): NodeDescription[] {
    const { hosting } = this.scenario;
    const labels = { "node-role.kubernetes.io/etcd": "true" };
    return hosting === undefined ? [{ name: "node-1" }] : hosting.nodes.map((name) => ({ name, labels }));
  }

  #hostingRancher(): Estate<C>["hosting"] {
    const { hosting } = this.scenario;
    if (hosting === undefined) return undefined;
    const cluster = this.#makeCluster({
      name: "hosting",
      kubernetes: MANAGEMENT_KUBERNETES,
      kinds: [...MANAGEMENT.withStatus, ...PROVISIONING_KINDS],
      clock: this.#base,
      stalls: this.#stalls,
      random: this.random,
      powerful: [],
      historyLimit: 400,
      admission: [],
      identity: this.authority,
    });
    return { rancher: new HostingRancher(cluster, hosting), cluster };
  }

  #downstreamCluster(description: ScenarioCluster): DownstreamCluster<C> {
    const { random, statistics, scenario } = this;
    const imported = description.driver === "imported";
    const id = imported ? `c-${randomSuffix(random, 5)}` : `c-m-${randomSuffix(random, 8)}`;
    statistics.addCluster(id, description.name);
    const drift = scenario.faults.find((each) => each.kind === "drifted" && each.cluster === description.name);
    return new DownstreamCluster({
      id,
      description,
      kinds: DOWNSTREAM,
      clock: this.#base,
      stalls: this.#stalls,
      random,
      statistics,
      token: registrationToken(random),
      drift: drift?.kind === "drifted" ? drift.pin : undefined,
      publicRoots: this.pki.publicCa.rootPem,
      identity: this.authority,
      makeCluster: this.#makeCluster,
    });
  }
}

interface EstateParts<C extends EstateCluster> {
  readonly clock: StoppableClock;
  readonly pki: SandboxPki;
  readonly authority: ClusterAuthority;
  readonly makeCluster: (options: ClusterOptions) => C;
}
