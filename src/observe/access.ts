/** What Farrier's two accounts may do: the kubeconfig's in the management cluster, and the token's in Rancher. */
import type { Estate } from "../estate/estate.ts";
import type { Verb } from "../kubernetes/api.ts";
import {
  configMaps,
  deployments,
  managementClusters,
  podProxies,
  pods,
  type Resource,
  secrets,
  settings,
} from "../kubernetes/resource.ts";
import { engineCalled } from "../remote/engine-address.ts";
import type { Gaps } from "./gaps.ts";
import type { World } from "./world.ts";

/** What a rotation does in the management cluster. */
export function neededPermissions(namespace: string): readonly { readonly verb: Verb; readonly resource: Resource }[] {
  return [
    { verb: "get", resource: secrets(namespace) },
    { verb: "update", resource: secrets(namespace) },
    { verb: "get", resource: deployments(namespace) },
    { verb: "patch", resource: deployments(namespace) },
    { verb: "list", resource: pods(namespace) },
    { verb: "watch", resource: pods(namespace) },
    { verb: "delete", resource: pods(namespace) },
    { verb: "get", resource: podProxies(namespace) },
    { verb: "get", resource: configMaps(namespace) },
    { verb: "create", resource: configMaps(namespace) },
    { verb: "update", resource: configMaps(namespace) },
    { verb: "get", resource: settings },
    { verb: "get", resource: managementClusters },
    { verb: "list", resource: managementClusters },
    { verb: "watch", resource: managementClusters },
    { verb: "patch", resource: managementClusters },
  ];
}

/** `update secrets cattle-system`: a permission as findings and plans name it. */
export function permissionName(verb: Verb, { group, plural, namespace }: Resource): string {
  const kind = group === "" ? plural : `${plural}.${group}`;
  return [verb, kind, namespace].filter((part) => part !== undefined).join(" ");
}

/** @param previous an earlier look, whose permissions and visible clusters are taken over */
export async function observeAccess(world: World, gaps: Gaps, previous?: Estate["access"]): Promise<Estate["access"]> {
  const [permissions, token] = await Promise.all([
    previous?.permissions ?? observePermissions(world),
    observeToken(world, gaps, previous?.token),
  ]);
  const { managementServer: server, throughRancher } = world;
  return { server, ...containerOf(world), throughRancher, permissions, token };
}

function containerOf({ managementContainer: through }: World): Pick<Estate["access"], "container"> {
  if (through === undefined) return {};
  const { container, engine } = through;
  const { id, name } = container;
  return { container: { id, name, engine: engineCalled(engine) } };
}

async function observePermissions({ management, namespace }: World): Promise<Estate["access"]["permissions"]> {
  return await Promise.all(
    neededPermissions(namespace).map(async ({ verb, resource }) => ({
      permission: permissionName(verb, resource),
      allowed: await management.allowed(verb, resource),
    })),
  );
}

async function observeToken(
  { rancher }: World,
  gaps: Gaps,
  previous: Estate["access"]["token"] | undefined,
): Promise<Estate["access"]["token"]> {
  const facts = await gaps.look("token", () => rancher.tokenFacts(), undefined);
  if (facts === undefined) return { valid: true, visibleClusters: [] };
  if (!facts.valid) return { valid: false, visibleClusters: [] };
  if (previous?.valid === true) return { ...facts, visibleClusters: previous.visibleClusters };
  const visibleClusters = await gaps.look("clusters that the token sees", () => rancher.visibleClusters(), []);
  return { ...facts, visibleClusters };
}
