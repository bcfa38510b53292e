/** An API whose way is chosen anew for each request, so that a step goes on where its cluster's first way ends. */

import { FarrierError } from "../errors.ts";
import type { Api, Impersonation } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";

export interface Guide {
  /** The way of the moment. */
  choose(): Promise<Api>;
  /** The way of the moment has failed: the next request looks whether it still answers. */
  doubt(why: string): void;
}

/** A watch that has been silent for so long may hang: its way is looked at, and it begins again. */
const WATCH_MS = 30_000;

/** What fails is never repeated here: whether a request is tried again is the runner's to decide. */
export class FollowingApi implements Api {
  readonly server: string;
  readonly #guide: Guide;

  constructor(server: string, guide: Guide) {
    this.server = server;
    this.#guide = guide;
  }

  get: Api["get"] = (resource, name) => this.#ask((api) => api.get(resource, name));
  list: Api["list"] = (resource, selection) => this.#ask((api) => api.list(resource, selection));
  create: Api["create"] = (resource, object, options) => this.#ask((api) => api.create(resource, object, options));
  replace: Api["replace"] = (resource, object, options) => this.#ask((api) => api.replace(resource, object, options));
  patch: Api["patch"] = (resource, name, patch) => this.#ask((api) => api.patch(resource, name, patch));
  delete: Api["delete"] = (resource, name, options) => this.#ask((api) => api.delete(resource, name, options));
  followLog: Api["followLog"] = (log) => this.#ask((api) => api.followLog(log));
  readLogEnd: Api["readLogEnd"] = (end) => this.#ask((api) => api.readLogEnd(end));
  run: Api["run"] = (command) => this.#ask((api) => api.run(command));
  askPod: Api["askPod"] = (pod, path) => this.#ask((api) => api.askPod(pod, path));
  allowed: Api["allowed"] = (verb, resource, name) => this.#ask((api) => api.allowed(verb, resource, name));

  watchUntil: Api["watchUntil"] = async (resource, selection, decide, options) => {
    const end = Date.now() + options.deadlineMs;
    let { from } = options;
    for (;;) {
      const left = end - Date.now();
      const { from: _, ...rest } = options;
      const part = { ...rest, ...(from === undefined ? {} : { from }), deadlineMs: Math.min(left, WATCH_MS) };
      try {
        return await this.#ask((api) => api.watchUntil(resource, selection, decide, part));
      } catch (error) {
        if (!(error instanceof ApiError && error.kind === "deadline") || left <= WATCH_MS) throw error;
        this.#guide.doubt("a watch over it has been silent for long");
        from = undefined;
      }
    }
  };

  as(who: Impersonation): Api {
    return new FollowingApi(this.server, { ...this.#guide, choose: async () => (await this.#guide.choose()).as(who) });
  }

  async #ask<T>(work: (api: Api) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#guide.choose());
    } catch (error) {
      if (tellsOfTheWay(error)) this.#guide.doubt(error.message);
      throw error;
    }
  }
}

/** Whatever else failed on purpose: even a refusal may be the way's own, where Rancher has withdrawn a right. */
function tellsOfTheWay(error: unknown): error is FarrierError {
  if (error instanceof ApiError) return error.kind !== "conflict" && error.kind !== "deadline";
  return error instanceof FarrierError;
}
