/**
 * A world whose connections end from one moment to the next, as they do when a process is killed. What was sent may
 * still have its effect; nothing is sent any more, and whoever waits for an answer gets none.
 */
import type { Api } from "../../src/kubernetes/api.ts";
import type { World } from "../../src/observe/world.ts";

export class Killed extends Error {
  constructor() {
    super("killed");
    this.name = "Killed";
  }
}

export interface KillableWorld {
  readonly world: World;
  readonly dead: () => boolean;
  kill(): void;
}

export function killable(world: World): KillableWorld {
  let dead = false;
  const ending = new AbortController();
  const check = (): void => {
    if (dead) throw new Killed();
  };
  const during = async <T>(work: Promise<T>): Promise<T> => {
    const end = Promise.withResolvers<never>();
    const onEnd = (): void => end.reject(new Killed());
    ending.signal.addEventListener("abort", onEnd, { once: true });
    work.catch(() => {});
    try {
      return await Promise.race([work, end.promise]);
    } finally {
      ending.signal.removeEventListener("abort", onEnd);
    }
  };
  const guard = <A extends unknown[], T>(act: (...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      check();
      return await during(act(...args));
    };
  };
  const api = (inner: Api): Api => ({
    server: inner.server,
    get: guard((...args: Parameters<Api["get"]>) => inner.get(...args)),
    list: guard((...args: Parameters<Api["list"]>) => inner.list(...args)),
    create: guard((...args: Parameters<Api["create"]>) => inner.create(...args)),
    replace: guard((...args: Parameters<Api["replace"]>) => inner.replace(...args)),
    patch: guard((...args: Parameters<Api["patch"]>) => inner.patch(...args)),
    delete: guard((...args: Parameters<Api["delete"]>) => inner.delete(...args)),
    readLogEnd: guard((...args: Parameters<Api["readLogEnd"]>) => inner.readLogEnd(...args)),
    run: guard((...args: Parameters<Api["run"]>) => inner.run(...args)),
    followLog: guard((...args: Parameters<Api["followLog"]>) => inner.followLog(...args)),
    allowed: guard((...args: Parameters<Api["allowed"]>) => inner.allowed(...args)),
    askPod: guard((...args: Parameters<Api["askPod"]>) => inner.askPod(...args)),
    watchUntil: (resource, selection, decide, options) => {
      const signal = options.signal === undefined ? ending.signal : AbortSignal.any([options.signal, ending.signal]);
      return guard(() => inner.watchUntil(resource, selection, decide, { ...options, signal }))();
    },
    as: (who) => api(inner.as(who)),
  });
  const rancher = new Proxy(world.rancher, {
    get(target, name) {
      if (name === "downstream") {
        return (...args: Parameters<World["rancher"]["downstream"]>) => api(target.downstream(...args));
      }
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        check();
        const result: unknown = value.apply(target, args);
        return result instanceof Promise ? during(result) : result;
      };
    },
  });
  return {
    world: {
      ...world,
      management: api(world.management),
      rancher,
      downstream: (...args) => api(world.downstream(...args)),
    },
    dead: () => dead,
    kill() {
      dead = true;
      ending.abort();
    },
  };
}
