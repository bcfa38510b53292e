import { parse } from "yaml";
import { z } from "zod";
import { clauseOf, whatItMustBe } from "../../errors/value-errors.ts";
import { FarrierError } from "../../errors.ts";
import { isRancherVersion, rancherProfile } from "../rancher/profile.ts";
import { cityName } from "./city-names.ts";
import { faultSchema } from "./faults.ts";

const clusterSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "lower-case letters, digits and dashes"),
  kubernetes: z.string().default("v1.33.4"),
  /** Replicas of the cluster agent. */
  agents: z.int().min(0).max(5).default(1),
  latencyMs: z.number().min(0).default(0),
  nodes: z.int().min(1).max(20).default(1),
  driver: z.enum(["imported", "rke2"]).default("imported"),
  /** An agent on every node, too, as in RKE1 clusters up to Rancher 2.11. */
  nodeAgent: z.boolean().default(false),
  /** Rancher's authorized cluster endpoint is enabled: its API server takes Rancher's tokens at an address of its own. */
  authorizedEndpoint: z.boolean().default(false),
  /** Roots in the store of its agents' image: those of public authorities, or (an image that is too old) none of them. */
  systemStore: z.enum(["public", "bare"]).default("public"),
  /** Present as objects only, so that they can be recognised: */
  fleet: z.boolean().default(false),
  windows: z.boolean().default(false),
});

/** A scenario file: the estate and its faults. Everything has a default; the defaults make a good demonstration. */
export const scenarioSchema = z
  .strictObject({
    seed: z.int().default(1),
    /** How much faster than a real estate it lives; 1 keeps the durations that were seen on a real Rancher. */
    speed: z.number().positive().max(1000).default(20),
    /** The host part of `server-url`. */
    hostname: z.enum(["localhost", "127.0.0.1"]).default("localhost"),
    /** Of the ingress; 0 lets the system choose. */
    port: z.int().min(0).max(65535).default(0),
    rancher: z
      .strictObject({
        version: z
          .string()
          .refine(isRancherVersion, "a version of Rancher from 2.1 on, such as 2.15.1")
          .default("2.15.1"),
        replicas: z.int().min(1).max(5).default(1),
        /** From the start of the process until it serves: 5–20 s were seen. */
        startSeconds: z.tuple([z.number().min(0), z.number().min(0)]).default([5, 20]),
        /** How long a replica believes a setting after another one has changed it. */
        settingDelaySeconds: z.number().min(0).default(0),
        ingressReplicas: z.int().min(1).max(5).default(1),
        /** It runs in a single container (`docker run`): there is no Deployment, and nobody but `rancherContainer` restarts it. */
        container: z.boolean().default(false),
      })
      .prefault({}),
    tls: z
      .strictObject({
        /** `agent-tls-mode`; Rancher before 2.9 has only what is now called system-store. */
        mode: z.enum(["strict", "system-store"]).default("strict"),
        /**
         * The chart's `ingress.tls.source`: with `rancher`, cert-manager signs the certificate with the CA that Rancher has
         * made for itself, and with `letsEncrypt` it has it from a public authority's ACME server; then there is no `tls-ca`,
         * and with the latter Rancher serves no bundle at all. `external` is the chart's `tls: external`: a load balancer ends TLS,
         * whose certificate is in Secret `load-balancer/certificate`, for whoever plays the person that changes it.
         */
        source: z.enum(["secret", "rancher", "letsEncrypt", "external"]).default("secret"),
        /** The chart's `networkExposure.type` (Rancher ≥ 2.14): what ends TLS in the cluster, with a Gateway only from `secret`. */
        exposure: z.enum(["ingress", "gateway"]).default("ingress"),
        /** How `tls-ca` is written: line ends, byte order mark, comments. */
        bundle: z.enum(["plain", "crlf", "bom", "comment"]).default("plain"),
      })
      .prefault({}),
    /** Rancher's backup operator, with what it finds when it is installed. */
    backupOperator: z
      .strictObject({
        resourceSets: z.array(z.string()).default(["rancher-resource-set-basic", "rancher-resource-set-full"]),
        /** Secret with an encryption configuration. */
        encryptionConfig: z.string().optional(),
        /** `plain`: it forgets to encrypt. */
        behaviour: z.enum(["works", "fails", "plain"]).default("works"),
      })
      .optional(),
    /**
     * Another Rancher, which has provisioned the management cluster: reached as context `hosting`, as far as snapshots of
     * etcd go.
     */
    hosting: z
      .strictObject({
        /** What the management cluster is called there. */
        cluster: z.string().default("upstream"),
        /** Nodes of the management cluster, all with etcd. */
        nodes: z.array(z.string()).min(1).default(["node-1", "node-2", "node-3"]),
        /** Of the last snapshot that somebody has asked for; 0 for none. */
        generation: z.int().min(0).default(0),
        /** `idle`: it does not take requests up. */
        behaviour: z.enum(["works", "fails-once", "idle"]).default("works"),
      })
      .optional(),
    clusters: z
      .union([z.int().min(0).max(2000), z.array(clusterSchema)])
      .default(12)
      .transform((clusters) => (typeof clusters === "number" ? citiesOf(clusters) : clusters)),
    faults: z.array(faultSchema).default([]),
  })
  .superRefine(({ rancher, tls, clusters }, context) => {
    if (tls.exposure === "gateway" && (tls.source !== "secret" || !rancherProfile(rancher.version).gateway)) {
      const message = "a Gateway needs Rancher 2.14 or later, and source secret";
      context.addIssue({ code: "custom", path: ["tls", "exposure"], message });
    }
    const twice = clusters.findIndex(({ name }, index) => clusters.findIndex((one) => one.name === name) < index);
    if (twice >= 0) {
      const message = `there is another cluster called ${clusters[twice]?.name}, and contexts are named after clusters`;
      context.addIssue({ code: "custom", path: ["clusters", twice, "name"], message });
    }
    if (tls.source !== "letsEncrypt") return;
    // Rancher serves no bundle then; such agents could never have connected.
    if (tls.mode === "strict") {
      const message = "strict agents need a bundle, and with source letsEncrypt there is none: use system-store";
      context.addIssue({ code: "custom", path: ["tls", "mode"], message });
    }
    const bare = clusters.findIndex(({ systemStore }) => systemStore === "bare");
    if (bare >= 0) {
      const message = "an agent that knows no public root cannot begin where Let's Encrypt signs the certificate";
      context.addIssue({ code: "custom", path: ["clusters", bare, "systemStore"], message });
    }
  });

/** A scenario with all its defaults filled in. */
export type Scenario = z.output<typeof scenarioSchema>;

/** A scenario as a person or a test writes it: only what differs from the defaults. */
export type ScenarioInput = z.input<typeof scenarioSchema>;

export type ScenarioCluster = Scenario["clusters"][number];

/** @throws FarrierError `input.invalid` that names the first wrong member */
export function parseScenario(input: unknown): Scenario {
  const parsed = scenarioSchema.safeParse(input ?? {}, { error: whatItMustBe });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.join(".") ?? "";
  const clause = issue === undefined ? "" : clauseOf(issue);
  throw new FarrierError("input.invalid", `The scenario is not valid${place && ` at ${place}`}: ${clause}.`, {
    hint: "docs/guide/en/try-it.md in the package shows what a scenario may say.",
  });
}

/** @param text a scenario file, YAML or JSON. @throws FarrierError `input.invalid` */
export function readScenario(text: string): Scenario {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    throw new FarrierError("input.invalid", "The scenario file is not valid YAML.", { cause });
  }
  return parseScenario(document);
}

const KUBERNETES = ["v1.33.4", "v1.32.8", "v1.31.12", "v1.30.14"];

function citiesOf(count: number): z.output<typeof clusterSchema>[] {
  return Array.from({ length: count }, (_, index) =>
    clusterSchema.parse({
      name: cityName(index),
      kubernetes: KUBERNETES[index % KUBERNETES.length],
      agents: index % 4 === 1 ? 2 : 1,
    }),
  );
}
