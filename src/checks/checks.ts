/** All checks, in the order in which a person would want to read them. */
import type { Finding } from "../findings.ts";
import { accessPath } from "./access-path.ts";
import { agentFeatures } from "./agent-features.ts";
import { agentHealth } from "./agent-health.ts";
import { agentPins, agentsWithoutPin } from "./agent-pins.ts";
import { agentServer } from "./agent-server.ts";
import { bundleAgreement } from "./bundle-agreement.ts";
import { bundleBytes } from "./bundle-bytes.ts";
import type { Check, CheckInput } from "./check.ts";
import { clusterConnection } from "./cluster-connection.ts";
import { gaps } from "./gaps.ts";
import { givenWays } from "./given-ways.ts";
import { installer } from "./installer.ts";
import { ownedSecrets } from "./owned-secrets.ts";
import { permissions } from "./permissions.ts";
import { presentedChain } from "./presented-chain.ts";
import { rancherHealth } from "./rancher-health.ts";
import { rancherVersion } from "./rancher-version.ts";
import { releaseUpgrade } from "./release-upgrade.ts";
import { servedChain } from "./served-chain.ts";
import { servingLifetime } from "./serving-lifetime.ts";
import { settingUpdate } from "./setting-update.ts";
import { strictAgents } from "./strict-agents.ts";
import { targetAccepted, targetDiffers, targetOutlives } from "./target-accepted.ts";
import { tlsSource } from "./tls-source.ts";
import { token } from "./token.ts";
import { downloadedKubeconfigs, unmovableConsumers } from "./unmovable-consumers.ts";

const CHECKS: readonly Check[] = [
  accessPath,
  token,
  permissions,
  rancherVersion,
  rancherHealth,
  installer,
  tlsSource,
  releaseUpgrade,
  ownedSecrets,
  servedChain,
  servingLifetime,
  presentedChain,
  bundleAgreement,
  bundleBytes,
  settingUpdate,
  clusterConnection,
  givenWays,
  agentHealth,
  agentPins,
  agentsWithoutPin,
  agentFeatures,
  agentServer,
  unmovableConsumers,
  downloadedKubeconfigs,
  gaps,
  targetAccepted,
  strictAgents,
  targetOutlives,
  targetDiffers,
];

/** Every finding of every check; never throws. The same input gives the same findings in the same order. */
export function runChecks(input: CheckInput): Finding[] {
  return CHECKS.flatMap((check) => check(input));
}

/** A rotation is not planned while there are errors. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === "error");
}
