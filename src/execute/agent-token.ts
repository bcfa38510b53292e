/**
 * A token for an agent that makes none itself (Rancher < 2.6.7): it takes the first Secret that its account names.
 * Kubernetes made those by itself before 1.24.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import { AGENT_ACCOUNT } from "../estate/cluster-access.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { secrets, serviceAccounts } from "../kubernetes/resource.ts";
import { agentTokensIn } from "../rancher/account-tokens.ts";
import type { StepContext } from "./step-action.ts";

const { namespace, name: ACCOUNT } = AGENT_ACCOUNT;

/** How long Kubernetes < 1.24 takes to make one in place of one that was removed: moments. */
const GIVEN_MS = 10_000;
/** And never more than this part of the step's time. */
const PART = 0.05;
/** How long Kubernetes takes to fill a Secret. */
const FILLED_MS = 30_000;

/** Leaves everything as it is where Kubernetes gives the account a token. @throws ApiError, FarrierError */
export async function provideAgentToken(context: StepContext, api: Api): Promise<void> {
  if (await isFilled(context, api, { deadlineMs: Math.min(GIVEN_MS, context.remainingMs() * PART) })) return;
  const digest = createHash("sha256").update(`${context.plan.rotation}/${context.step.target}`).digest("hex");
  const name = `${ACCOUNT}-token-${digest.slice(0, 8)}`;
  await makeSecret(api, name);
  await putFirst(api, name);
  if (await isFilled(context, api, { name, deadlineMs: Math.min(FILLED_MS, context.remainingMs()) })) return;
  throw new FarrierError("step.failed", `Kubernetes puts no token into Secret ${namespace}/${name}.`, {
    hint: "Look at kube-controller-manager's log: it looks after tokens of service accounts.",
  });
}

/** Whether the account has a Secret with a token in it, that one where it is named, within that time. */
async function isFilled(
  { signal }: StepContext,
  api: Api,
  wanted: { readonly name?: string; readonly deadlineMs: number },
): Promise<boolean> {
  const selection = wanted.name === undefined ? {} : { name: wanted.name };
  try {
    return await api.watchUntil(
      secrets(namespace),
      selection,
      (objects) => (agentTokensIn(objects).some(({ token }) => token !== undefined) ? true : undefined),
      { deadlineMs: wanted.deadlineMs, signal },
    );
  } catch (error) {
    if (error instanceof ApiError && error.kind === "deadline") return false;
    throw error;
  }
}

/** With the annotation by which Kubernetes knows whose token it is to put in. */
async function makeSecret(api: Api, name: string): Promise<void> {
  const annotations = { "kubernetes.io/service-account.name": ACCOUNT };
  const type = "kubernetes.io/service-account-token";
  try {
    const metadata = { name, namespace, annotations };
    await api.create(secrets(namespace), { apiVersion: "v1", kind: "Secret", type, metadata });
  } catch (error) {
    // It is there: made before a crash. Its name is this refresh's alone.
    if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
  }
}

const accountSchema = z.looseObject({ secrets: z.array(z.looseObject({ name: z.string().default("") })).optional() });

/** Against what was read: whoever wrote the list in between is not overwritten. */
async function putFirst(api: Api, name: string): Promise<void> {
  const account = await api.get(serviceAccounts(namespace), ACCOUNT);
  if (account === undefined)
    throw new FarrierError("step.failed", `There is no account ${namespace}/${ACCOUNT} any more.`);
  const { secrets: named } = accountSchema.parse(account);
  if (named?.[0]?.name === name) return;
  const path = "/secrets";
  const test = named === undefined ? [] : [{ op: "test", path, value: named }];
  const others = (named ?? []).filter((one) => one.name !== name);
  const body = [...test, { op: "add", path, value: [{ name }, ...others] }];
  await api.patch(serviceAccounts(namespace), ACCOUNT, { kind: "json", body });
}
