/** An API whose writes make sure first that this process may still write. */
import type { Api } from "../kubernetes/api.ts";

/** @param guard resolves when a write may follow at once; throws when it may not: the estate is no longer ours */
export function guardedApi(api: Api, guard: () => Promise<void>): Api {
  return {
    server: api.server,
    get: (resource, name) => api.get(resource, name),
    list: (resource, selection) => api.list(resource, selection),
    watchUntil: (resource, selection, decide, options) => api.watchUntil(resource, selection, decide, options),
    readLogEnd: (end) => api.readLogEnd(end),
    followLog: (log) => api.followLog(log),
    allowed: (verb, resource, name) => api.allowed(verb, resource, name),
    askPod: (pod, path) => api.askPod(pod, path),
    as: (who) => guardedApi(api.as(who), guard),
    async run(command) {
      await guard();
      return api.run(command);
    },
    async create(resource, object, options) {
      await guard();
      return api.create(resource, object, options);
    },
    async replace(resource, object, options) {
      await guard();
      return api.replace(resource, object, options);
    },
    async patch(resource, name, patch) {
      await guard();
      return api.patch(resource, name, patch);
    },
    async delete(resource, name, options) {
      await guard();
      return api.delete(resource, name, options);
    },
  };
}
