import { stringify } from "yaml";
import { agentManifest, factsFrom } from "./agent-manifest.ts";
import type { ServerContext } from "./server.ts";

/**
 * What `/v3/import/<token>_<cluster>.yaml` gives: the agent's manifest, but without `CATTLE_FEATURES` and with an
 * empty namespace in its credentials, in every version of Rancher (rancher.md §4.1).
 */
export function importManifest({ world, settings }: ServerContext, token: string): string {
  const { profile, serverUrl } = world;
  const facts = factsFrom(settings, { profile, serverUrl, token, namespace: "", features: undefined });
  return agentManifest(facts)
    .map((object) => `---\n${stringify(object)}`)
    .join("\n");
}
