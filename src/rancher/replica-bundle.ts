/** The bundle that one replica of Rancher serves, asked of its own pod: an ingress leads to whichever it likes. */
import { z } from "zod";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";

/** Rancher's own port for HTTPS in its pod; the API server does not verify what a pod presents, nor need it here. */
const PORT = "https:443";

const settingSchema = z.object({ id: z.literal("cacerts"), value: z.string().nullish() });

/**
 * The value of setting `cacerts` as this pod gives it, through the API server's proxy (permission: get pods/proxy).
 * Undefined where it does not answer as Rancher does: it is starting, the proxy is not permitted, or does not get there.
 */
export async function replicaBundle(api: Api, namespace: string, pod: string): Promise<string | undefined> {
  try {
    const { status, body } = await api.askPod({ namespace, name: pod, port: PORT }, "/v3/settings/cacerts");
    const setting = status === 200 ? settingSchema.safeParse(JSON.parse(body)) : undefined;
    return setting?.success === true ? (setting.data.value ?? "") : undefined;
  } catch (error) {
    if (error instanceof ApiError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
