/**
 * What a plan changes of the Helm release that Rancher belongs to: which values, at which step. The chart stays, and so
 * does every other value that was given.
 */
import { z } from "zod";
import type { Estate, ReleaseFacts } from "../estate/estate.ts";

/**
 * - `private-ca`: `privateCA=true`: Secret `tls-ca` is mounted, and Rancher serves what is in it.
 * - `own-certificate`: `ingress.tls.source=secret`: cert-manager is not asked for the certificate any more.
 * - `no-private-ca`: `privateCA=false`: Rancher mounts no bundle and serves none.
 * - `as-before`: a rollback's: the values as they were given in the beginning.
 */
export const releaseChangeNameSchema = z.enum(["private-ca", "own-certificate", "no-private-ca", "as-before"]);
export type ReleaseChangeName = z.infer<typeof releaseChangeNameSchema>;

const given = z.union([z.string(), z.boolean()]).optional();

/**
 * A value's path in the chart, what was given for it, and what is given then. Where nothing is given the chart's default
 * holds, and that is `default`: as it was when the rotation began, whatever the stored chart has for it later.
 */
export const valueChangeSchema = z.object({ path: z.string(), from: given, to: given, default: given });
export type PlannedValue = z.infer<typeof valueChangeSchema>;

export const planReleaseSchema = z.object({
  name: z.string(),
  namespace: z.string(),
  chart: z.object({ name: z.string(), version: z.string() }),
  changes: z.array(z.object({ name: releaseChangeNameSchema, values: z.array(valueChangeSchema) })),
});
export type PlanRelease = z.infer<typeof planReleaseSchema>;

/** What agents trust in the end: a bundle that Rancher serves, or their system's own store. */
export type Goal = "bundle" | "system-store";

/**
 * The changes that lead from what Helm has to a certificate that people bring, with or without a bundle; undefined where
 * none is needed, or Rancher is not Helm's.
 */
export function releaseForward({ installation }: Estate, goal: Goal = "bundle"): PlanRelease | undefined {
  const { installer, privateCa, tlsSource, exposure } = installation;
  if (installer.kind !== "helm") return undefined;
  const { release } = installer;
  const isStore = goal === "system-store";
  if (isStore && tlsSource !== "rancher") {
    return changing(release, [{ name: "no-private-ca", values: withoutBundle(release, tlsSource) }]);
  }
  const sources = ["ingress.tls.source", ...(exposure === "gateway" ? ["gateway.gatewayClass.tls.source"] : [])];
  return changing(release, [
    { name: "private-ca", values: privateCa ? [] : [value(release, "privateCA", true)] },
    {
      name: "own-certificate",
      values: isIssued(tlsSource) ? sources.map((path) => value(release, path, "secret")) : [],
    },
    // Rancher's own CA is mounted beside public roots, until agents do without either.
    { name: "no-private-ca", values: isStore ? [{ ...value(release, "privateCA", false), from: true }] : [] },
  ]);
}

/**
 * Without a bundle the chart starts Rancher with `--no-cacerts` only where the Ingress's source is another than `rancher`,
 * also where a Gateway leads to it (chart/templates/deployment.yaml): else Rancher would serve a CA of its own. Where TLS
 * ends before the cluster it always does.
 */
function withoutBundle(release: ReleaseFacts, tlsSource: Estate["installation"]["tlsSource"]): PlannedValue[] {
  const source = "ingress.tls.source";
  const own = tlsSource !== "external" && (inForce(release, source) ?? "rancher") === "rancher";
  return [value(release, "privateCA", false), ...(own ? [value(release, source, "secret")] : [])];
}

/**
 * The changes back to what was given when the rotation began; undefined where it is given so. Where that mounts the bundle
 * again, it is a change of its own: it comes first, when both authorities are served, and not at the end. The same where
 * Rancher serves none now, and served its own CA without any mount: that is mounted until agents pin it again.
 * @param goal what agents trusted in the beginning
 */
export function releaseBack(
  { installation, trust }: Estate,
  beginning: PlanRelease | undefined,
  goal: Goal = "bundle",
): PlanRelease | undefined {
  const { installer } = installation;
  if (installer.kind !== "helm" || beginning === undefined) return undefined;
  const { release } = installer;
  const passing = goal === "bundle" && !installation.privateCa && trust.pin === "";
  const changed = beginning.changes.flatMap((change) => change.values);
  const first = changed.filter(({ path }, index) => changed.findIndex((other) => other.path === path) === index);
  const values = first
    .filter((change) => inForce(release, change.path) !== (change.from ?? change.default))
    .map((change) => value(release, change.path, change.from, change.default));
  const mounts = ({ path, to, default: otherwise }: PlannedValue) => path === "privateCA" && (to ?? otherwise) === true;
  const mounted = values.filter(mounts);
  const meanwhile = first.find(({ path }) => path === "privateCA");
  if (!passing || mounted.length > 0 || meanwhile === undefined) {
    return changing(release, [
      { name: "private-ca", values: mounted },
      { name: "as-before", values: values.filter((one) => !mounts(one)) },
    ]);
  }
  const unmounting = { ...value(release, "privateCA", meanwhile.from, meanwhile.default), from: true };
  return changing(release, [
    { name: "private-ca", values: [value(release, "privateCA", true)] },
    { name: "as-before", values: [unmounting, ...values] },
  ]);
}

/** cert-manager writes the certificate. */
export function isIssued(tlsSource: Estate["installation"]["tlsSource"]): boolean {
  return tlsSource === "rancher" || tlsSource === "letsEncrypt";
}

/** What a step with this change does to the values; empty where the plan has no such change. */
export function valuesOfChange(release: PlanRelease | undefined, name: ReleaseChangeName): readonly PlannedValue[] {
  return release?.changes.find((change) => change.name === name)?.values ?? [];
}

/** `privateCA: false → true`; what was not given is `(default)`. */
export function describeValue({ path, from, to }: PlannedValue): string {
  const text = (given: PlannedValue["to"]): string => (given === undefined ? "(default)" : String(given));
  return `${path}: ${text(from)} → ${text(to)}`;
}

function changing({ name, namespace, chart }: ReleaseFacts, changes: PlanRelease["changes"]): PlanRelease | undefined {
  const needed = changes.filter(({ values }) => values.length > 0);
  return needed.length === 0 ? undefined : { name, namespace, chart, changes: needed };
}

type Given = PlannedValue["to"];

/** What the chart is rendered with. */
function inForce({ values, defaults }: ReleaseFacts, path: string): Given {
  return values[path] ?? defaults[path];
}

function value(
  release: ReleaseFacts,
  path: string,
  to: Given,
  otherwise: Given = release.defaults[path],
): PlannedValue {
  const from = release.values[path];
  return {
    path,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(otherwise === undefined ? {} : { default: otherwise }),
  };
}
