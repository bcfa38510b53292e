/** Which action carries out which kind of step. */
import type { StepKind } from "../plan/plan.ts";
import type { ErasedAction } from "./step-action.ts";
import { armAgent } from "./steps/arm-agent.ts";
import { armNodeAgents } from "./steps/arm-node-agents.ts";
import { backUpEstate } from "./steps/back-up-estate.ts";
import { copyContainer } from "./steps/copy-container.ts";
import { deleteCertificate } from "./steps/delete-certificate.ts";
import { dropAgentTokens, dropPersonTokens } from "./steps/drop-tokens.ts";
import { holdAccess } from "./steps/hold-access.ts";
import { pinAgent } from "./steps/pin-agent.ts";
import { presentCertificate } from "./steps/present-certificate.ts";
import { proveAccess } from "./steps/prove-access.ts";
import { proveDecryption } from "./steps/prove-decryption.ts";
import { proveTrust } from "./steps/prove-trust.ts";
import { reapplyAgent } from "./steps/reapply-agent.ts";
import { recreateAgentPods } from "./steps/recreate-agent-pods.ts";
import { redeployAgent } from "./steps/redeploy-agent.ts";
import { removeBundle } from "./steps/remove-bundle.ts";
import { renewRancher } from "./steps/renew-rancher.ts";
import { replaceCertificate } from "./steps/replace-certificate.ts";
import { requestSnapshot } from "./steps/request-snapshot.ts";
import { restartAgent } from "./steps/restart-agent.ts";
import { restartRancherPods } from "./steps/restart-rancher.ts";
import { rollAgent } from "./steps/roll-agent.ts";
import { rollNodeAgents } from "./steps/roll-node-agents.ts";
import { saveObjects } from "./steps/save-objects.ts";
import { saveSnapshot } from "./steps/save-snapshot.ts";
import { serveBundle } from "./steps/serve-bundle.ts";
import { settleAgent } from "./steps/settle-agent.ts";
import { settleNodeAgents } from "./steps/settle-node-agents.ts";
import { upgradeRelease } from "./steps/upgrade-release.ts";

export const ACTIONS: Readonly<Record<StepKind, ErasedAction>> = {
  "save-objects": saveObjects,
  "back-up-estate": backUpEstate,
  "save-snapshot": saveSnapshot,
  "request-snapshot": requestSnapshot,
  "copy-container": copyContainer,
  "prove-decryption": proveDecryption,
  "arm-agent": armAgent,
  "serve-bundle": serveBundle,
  "roll-agent": rollAgent,
  "redeploy-agent": redeployAgent,
  "reapply-agent": reapplyAgent,
  "present-certificate": presentCertificate,
  "replace-certificate": replaceCertificate,
  "restart-agent": restartAgent,
  "restart-rancher": restartRancherPods,
  "settle-agent": settleAgent,
  "arm-node-agents": armNodeAgents,
  "roll-node-agents": rollNodeAgents,
  "settle-node-agents": settleNodeAgents,
  "prove-trust": proveTrust,
  "pin-agent": pinAgent,
  "drop-agent-tokens": dropAgentTokens,
  "recreate-agent-pods": recreateAgentPods,
  "drop-person-tokens": dropPersonTokens,
  "hold-access": holdAccess,
  "renew-rancher": renewRancher,
  "prove-access": proveAccess,
  "upgrade-release": upgradeRelease,
  "delete-certificate": deleteCertificate,
  "remove-bundle": removeBundle,
};
