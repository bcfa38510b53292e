/**
 * Sets a pin on the agent's Deployment in each of many namespaces, as the steps of a rotation do it in each of many
 * clusters: `node bench/move-agents.ts KUBECONFIG NAMESPACES PIN MIN_READY_SECONDS`, namespaces separated by commas. It
 * runs the built program's own parts, and ends with 1 unless every Deployment has the pin afterwards.
 */
import type { Api } from "../src/kubernetes/api.ts";
import type { Resource } from "../src/kubernetes/resource.ts";

/** As many as a wave runs at the same time. */
const AT_ONCE = 50;

const [kubeconfig = "", namespaces = "", pin = "", minReadySeconds = "30"] = process.argv.slice(2);
const built = (module: string): string => new URL(`../dist/${module}.js`, import.meta.url).href;
const { connectKubeconfig }: typeof import("../src/kubernetes/connection.ts") = await import(
  built("kubernetes/connection")
);
const { AgentSight }: typeof import("../src/execute/agent-sight.ts") = await import(built("execute/agent-sight"));
const { mapLimited }: typeof import("../src/observe/concurrency.ts") = await import(built("observe/concurrency"));

const connection = await connectKubeconfig({ kubeconfig });
const moved = await mapLimited(namespaces.split(","), AT_ONCE, async (namespace) => {
  const agent = new AgentSight(within(connection.api, namespace));
  const seen = await agent.lookAtDeployment();
  if (seen === undefined) return false;
  await agent.change({ pin, minReadySeconds: Number(minReadySeconds), expectedPins: [seen.pin] });
  return (await agent.lookAtDeployment())?.pin === pin;
});
await connection.close();
process.exitCode = moved.every(Boolean) ? 0 : 1;

/** A namespace stands for a cluster: what is asked of `cattle-system` is asked of it. */
function within(api: Api, namespace: string): Api {
  const there = (resource: Resource): Resource => ({ ...resource, namespace });
  return {
    server: namespace,
    get: (resource, name) => api.get(there(resource), name),
    list: (resource, selection) => api.list(there(resource), selection),
    create: (resource, object, options) => api.create(there(resource), object, options),
    replace: (resource, object, options) => api.replace(there(resource), object, options),
    patch: (resource, name, patch) => api.patch(there(resource), name, patch),
    delete: (resource, name, options) => api.delete(there(resource), name, options),
    watchUntil: (resource, selection, decide, options) => api.watchUntil(there(resource), selection, decide, options),
    followLog: (log) => api.followLog({ ...log, namespace }),
    readLogEnd: (end) => api.readLogEnd({ ...end, namespace }),
    run: (command) => api.run({ ...command, namespace }),
    allowed: (verb, resource, name) => api.allowed(verb, there(resource), name),
    askPod: (pod, path) => api.askPod(pod, path),
    as: (who) => within(api.as(who), namespace),
  };
}
