/** The trust bundle: what the Secret holds, what the setting stores, and what each replica serves. */
import type { Trust } from "../estate/estate.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Deployment } from "../kubernetes/deployment.ts";
import { secrets, settings } from "../kubernetes/resource.ts";
import { readSecret } from "../kubernetes/secret.ts";
import { agentsPool } from "../pki/agents-pool.ts";
import { pinOf } from "../pki/pin.ts";
import { trustSecretOf } from "../rancher/installation.ts";
import { readSetting } from "../rancher/settings.ts";
import { certificateFactsOf } from "./certificate-facts.ts";
import type { Gaps } from "./gaps.ts";
import { secretFactsOf } from "./secret-facts.ts";
import type { World } from "./world.ts";

/** Key of the chart's Secret `tls-ca`. */
export const TRUST_KEY = "cacerts.pem";

export interface TrustQuestion {
  /** Rancher's Deployment, where it could be read. */
  readonly server: Deployment | undefined;
  readonly gaps: Gaps;
  /** An earlier look: whether the setting may be updated is then not tried again. */
  readonly previous?: Trust | undefined;
}

/** What cannot be read is left out and becomes a gap. */
export async function observeTrust(world: World, { server, gaps, previous }: TrustQuestion): Promise<Trust> {
  const secretName = server === undefined ? undefined : trustSecretOf(server);
  const target = `secret ${world.namespace}/${secretName}`;
  const [written, setting, served] = await Promise.all([
    secretName === undefined ? undefined : gaps.look(target, () => readTrustSecret(world, secretName), undefined),
    gaps.look("setting cacerts", () => readSetting(world.management, "cacerts"), undefined),
    gaps.look("served cacerts", () => observeServed(world, server?.spec.replicas ?? 1), { values: [], source: "" }),
  ]);
  const stored = setting?.effective ?? "";
  const account = server?.spec.template.spec.serviceAccountName ?? "rancher";
  const settingUpdate = previous?.settingUpdate ?? (await observeSettingUpdate(world, account, stored));
  const present = served.values[0] ?? stored;
  return {
    ...written,
    stored,
    served: [...served.values],
    source: served.source,
    pin: pinOf(present),
    certificates: agentsPool(present).anchors.map(certificateFactsOf),
    settingUpdate,
  };
}

async function readTrustSecret(
  { management, namespace }: World,
  name: string,
): Promise<Pick<Trust, "secret" | "written"> | undefined> {
  const object = await management.get(secrets(namespace), name);
  const secret = object === undefined ? undefined : readSecret(object);
  if (object === undefined || secret === undefined) return undefined;
  const written = secret.value(TRUST_KEY)?.toString("utf8");
  return { secret: secretFactsOf(object, secret), ...(written === undefined ? {} : { written }) };
}

/**
 * The different values that Rancher serves, first seen first. Asked several times over connections of their own, so
 * that a load balancer has the chance to lead to every replica.
 */
export async function observeServed(
  { rancher }: World,
  replicas: number,
): Promise<{ readonly values: readonly string[]; readonly source: string }> {
  const times = replicas <= 1 ? 1 : Math.min(16, 3 * replicas);
  const answers = await Promise.all(Array.from({ length: times }, () => rancher.cacerts()));
  return { values: [...new Set(answers.map(({ value }) => value))], source: answers[0]?.source ?? "" };
}

/**
 * May Rancher's own account update the setting? A server-side dry run: nothing is stored. Rancher 2.15.0's webhook
 * denies it, so that a server that starts with another bundle exits (rancher#56522).
 */
export async function observeSettingUpdate(
  { management, namespace }: World,
  account: string,
  stored: string,
): Promise<Trust["settingUpdate"]> {
  const asRancher = management.as({ user: `system:serviceaccount:${namespace}:${account}` });
  try {
    await rehearseUpdate(asRancher, stored);
    return { allowed: "yes" };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // A webhook's denial is about the change; any other refusal is about this account's right to ask.
    if (error.message.includes("admission webhook")) return { allowed: "no", why: error.message };
    return { allowed: "unknown", why: error.message };
  }
}

async function rehearseUpdate(api: Api, stored: string): Promise<void> {
  const body = { value: `${stored}\n` };
  await api.patch(settings, "cacerts", { kind: "merge", body, dryRun: true });
}
