import type { NewObject } from "../cluster-client.ts";
import type { RancherProfile } from "../rancher/profile.ts";

export interface SettingFacts {
  readonly profile: RancherProfile;
  readonly serverUrl: string;
  readonly bundle: string;
  readonly installUuid: string;
  readonly tlsMode: "strict" | "system-store";
  /** The CA that Rancher makes for its own internal service. */
  readonly internalCa: string;
}

/** The settings that matter, with the members where Rancher keeps them: at the top, not in a spec. */
export function settings(facts: SettingFacts): NewObject[] {
  const { profile } = facts;
  const [value, fallback] = facts.tlsMode === "strict" ? ["", "strict"] : ["system-store", "strict"];
  return [
    setting("cacerts", facts.bundle),
    setting("server-url", facts.serverUrl),
    setting("internal-cacerts", facts.internalCa),
    setting("internal-server-url", "https://10.43.76.158"),
    setting("install-uuid", facts.installUuid),
    setting("server-version", profile.version, { default: "dev", source: "env" }),
    setting("ingress-ip-domain", "", { default: "sslip.io" }),
    ...(profile.tlsMode ? [setting("agent-tls-mode", value ?? "", { default: fallback ?? "" })] : []),
    ...(profile.tokenSecrets
      ? [
          setting("crt-default-ttl-minutes", "", { default: "43200" }),
          setting("crt-default-grace-period-minutes", "", { default: "180" }),
        ]
      : []),
  ];
}

function setting(name: string, value: string, rest: { default?: string; source?: string } = {}): NewObject {
  return {
    apiVersion: "management.cattle.io/v3",
    kind: "Setting",
    metadata: { name },
    customized: false,
    default: rest.default ?? "",
    source: rest.source ?? "",
    value,
  };
}
