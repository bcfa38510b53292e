import type { AdmissionHook, AdmissionVerdict } from "../api-server/admission.ts";
import type { RancherProfile } from "./profile.ts";

const NAME = "rancher.cattle.io.settings.management.cattle.io";
const RANCHER = "system:serviceaccount:cattle-system:rancher";
/** The account that the webhook always lets pass. */
const SUDO = "system:serviceaccount:cattle-system:rancher-webhook-sudo";

/**
 * Rancher's webhook on settings, from 2.15 on: `cacerts` is read-only. The one that came with 2.15.0 denies even
 * Rancher's own update at its start, so that a changed bundle ends in a crash loop; later ones know Rancher's
 * account (rancher.md §2.2). Server-side dry runs are judged like any other update.
 */
export function settingsWebhook(profile: RancherProfile): AdmissionHook {
  const allow: AdmissionVerdict = { kind: "allow" };
  return ({ operation, kind, object, oldObject, user }) => {
    if (kind.group !== "management.cattle.io" || kind.resource !== "settings" || operation !== "UPDATE") return allow;
    if (profile.webhookDeniesCacerts === "nobody" || oldObject?.metadata.name !== "cacerts") return allow;
    if (object?.value === oldObject.value || user.name === SUDO) return allow;
    if (profile.webhookDeniesCacerts === "all-but-rancher" && user.name === RANCHER) return allow;
    return { kind: "deny", webhook: NAME, message: "setting is read only", code: 400 };
  };
}
