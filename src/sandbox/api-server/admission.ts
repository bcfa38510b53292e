/**
 * Admission: what else may have a say in a write, after the caller's rights and before the store. Stands for the
 * webhooks of a real cluster, such as Rancher's. Dry runs pass here too, as they do there.
 */

import { ApiError, type KubeObject, type NewObject } from "../cluster-client.ts";
import type { User } from "./authorization.ts";
import type { ResourceKind } from "./kinds.ts";

export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly kind: ResourceKind;
  /** "" for the object itself. */
  readonly subresource: string;
  /** As it would be stored; absent on deletion. */
  readonly object: NewObject | undefined;
  /** As it is stored; absent on creation. */
  readonly oldObject: KubeObject | undefined;
  readonly user: User;
  readonly dryRun: boolean;
}

export type AdmissionVerdict =
  /** `object` replaces the one asked for; only what mutating hooks return is used. */
  | { readonly kind: "allow"; readonly object?: NewObject }
  /** `webhook` is the name that the message shows; `code` is 403 unless the webhook says otherwise. */
  | { readonly kind: "deny"; readonly webhook: string; readonly message: string; readonly code?: number };

export type AdmissionHook = (request: AdmissionRequest) => AdmissionVerdict;

export interface Registration {
  remove(): void;
}

export class Admission {
  readonly #mutators = new Set<AdmissionHook>();
  readonly #validators = new Set<AdmissionHook>();

  /** Adds a hook that may change the object; hooks run in the order in which they were added. */
  mutate(hook: AdmissionHook): Registration {
    return registered(this.#mutators, hook);
  }

  /** Adds a hook that sees the object as it would be stored. */
  validate(hook: AdmissionHook): Registration {
    return registered(this.#validators, hook);
  }

  /** @throws ApiError when a hook denies. */
  mutated(request: AdmissionRequest & { readonly object: NewObject }): NewObject {
    let object = request.object;
    for (const hook of this.#mutators) {
      const verdict = hook({ ...request, object });
      if (verdict.kind === "deny") throw denial(verdict);
      object = verdict.object ?? object;
    }
    return object;
  }

  /** @throws ApiError when a hook denies. */
  check(request: AdmissionRequest): void {
    for (const hook of this.#validators) {
      const verdict = hook(request);
      if (verdict.kind === "deny") throw denial(verdict);
    }
  }
}

function registered(hooks: Set<AdmissionHook>, hook: AdmissionHook): Registration {
  hooks.add(hook);
  return { remove: () => hooks.delete(hook) };
}

/** As k8s.io/apiserver/pkg/admission/plugin/webhook/errors.ToStatusErr words it. */
function denial(verdict: AdmissionVerdict & { kind: "deny" }): ApiError {
  const code = verdict.code ?? 403;
  const reason = code === 403 ? "Forbidden" : code === 422 ? "Invalid" : "BadRequest";
  return new ApiError(code, reason, `admission webhook "${verdict.webhook}" denied the request: ${verdict.message}`);
}
