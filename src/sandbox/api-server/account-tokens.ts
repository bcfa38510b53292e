/**
 * The Secrets that hold tokens of service accounts, as kube-controller-manager looks after them: one that is created
 * without a token gets one (pkg/controller/serviceaccount/tokens_controller.go), and with it the cluster's CA. Before
 * Kubernetes 1.24 it also makes one for every account that names none which is there.
 */
import type { KubeObject } from "../cluster-client.ts";
import { serviceAccount, type User } from "./authorization.ts";
import { isJsonObject, text } from "./json-value.ts";
import type { ResourceKind } from "./kinds.ts";
import type { Objects } from "./objects.ts";
import { type AccountClaims, ServiceAccountKeys } from "./service-account-keys.ts";
import type { Change, Store, Subscription } from "./store.ts";

const CONTROLLER: User = { name: "system:kube-controller-manager", groups: ["system:masters", "system:authenticated"] };
const TYPE = "kubernetes.io/service-account-token";
const ACCOUNT = "kubernetes.io/service-account.name";
const ACCOUNT_UID = "kubernetes.io/service-account.uid";

interface Parts {
  readonly store: Store;
  readonly objects: Objects;
  readonly secrets: ResourceKind;
  readonly accounts: ResourceKind;
  readonly kubernetesVersion: string;
}

export class AccountTokens {
  /** What goes into Secrets as `ca.crt`: what kube-controller-manager has as its root CA file. PEM. */
  rootCa = "";
  readonly #keys = new ServiceAccountKeys();
  readonly #parts: Parts;
  readonly #subscriptions: readonly Subscription[];

  constructor(parts: Parts) {
    this.#parts = parts;
    const { store, secrets, accounts, kubernetesVersion } = parts;
    const minor = Number(kubernetesVersion.split(".")[1]);
    this.#subscriptions = [
      store.subscribe(secrets, store.revision, (change) => this.#notice(change)),
      ...(minor < 24 ? this.#makingSecrets(store, { secrets, accounts }) : []),
    ];
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }

  /** Whose token it is: one that the key of now has signed, and whose Secret is still there. */
  find(token: string): User | undefined {
    const claims = this.#keys.read(token);
    if (claims === undefined || this.#stored(claims) !== token) return undefined;
    return serviceAccount({ namespace: claims.namespace, name: claims.account });
  }

  /** The service-account key of the cluster is replaced: no token of before is accepted any more. */
  renewKey(): void {
    this.#keys.renew();
  }

  /** Every token's Secret is given the root CA of now, as kube-controller-manager does when it is restarted with it. */
  publishRootCa(): void {
    const encoded = base64(this.rootCa);
    for (const secret of this.#parts.store.list(this.#parts.secrets)) {
      if (secret.type === TYPE) this.#write(secret, (data) => ({ ...data, "ca.crt": encoded }));
    }
  }

  #stored({ namespace, secret }: AccountClaims): string | undefined {
    const data = this.#parts.store.get(this.#parts.secrets, namespace, secret)?.data;
    return isJsonObject(data) ? Buffer.from(text(data.token) ?? "", "base64").toString() : undefined;
  }

  #notice({ object, deleted }: Change): void {
    if (deleted || object.type !== TYPE) return;
    if (isJsonObject(object.data) && object.data.token !== undefined) return;
    const { name, namespace = "", annotations = {} } = object.metadata;
    const account = this.#parts.store.get(this.#parts.accounts, namespace, annotations[ACCOUNT] ?? "");
    if (account === undefined) return;
    const { uid: accountUid = "" } = account.metadata;
    const token = this.#keys.issue({ namespace, account: account.metadata.name, accountUid, secret: name });
    const filled = { "ca.crt": base64(this.rootCa), namespace: base64(namespace), token: base64(token) };
    this.#write(object, (data) => ({ ...data, ...filled }), { [ACCOUNT_UID]: accountUid });
  }

  #makingSecrets(store: Store, { secrets, accounts }: Pick<Parts, "secrets" | "accounts">): Subscription[] {
    return [
      store.subscribe(accounts, store.revision, ({ object, deleted }) => {
        if (!deleted) this.#ensureSecret(object);
      }),
      store.subscribe(secrets, store.revision, ({ object: { metadata, type }, deleted }) => {
        const { namespace = "", annotations = {} } = metadata;
        const account = store.get(accounts, namespace, annotations[ACCOUNT] ?? "");
        if (deleted && type === TYPE && account !== undefined) this.#ensureSecret(account);
      }),
    ];
  }

  /** A Secret of its own for an account, which names it, unless it names one that is there. */
  #ensureSecret(account: KubeObject): void {
    const { objects, store, secrets, accounts } = this.#parts;
    const { name, namespace = "" } = account.metadata;
    if (namesOf(account.secrets).some((one) => store.get(secrets, namespace, one) !== undefined)) return;
    const writer = { user: CONTROLLER, dryRun: false };
    const metadata = { generateName: `${name}-token-`, namespace, annotations: { [ACCOUNT]: name } };
    const made = objects.create(secrets, namespace, { apiVersion: "v1", kind: "Secret", type: TYPE, metadata }, writer);
    const named = (old: KubeObject): KubeObject => ({ ...old, secrets: [{ name: made.metadata.name }] });
    objects.modify({ kind: accounts, namespace, name, subresource: "" }, named, writer);
  }

  #write(
    { metadata: { name, namespace = "" } }: KubeObject,
    change: (data: object) => object,
    annotations: Readonly<Record<string, string>> = {},
  ): void {
    const { objects, store, secrets } = this.#parts;
    if (store.get(secrets, namespace, name) === undefined) return;
    const changed = (old: KubeObject): KubeObject => ({
      ...old,
      metadata: { ...old.metadata, annotations: { ...old.metadata.annotations, ...annotations } },
      data: change(isJsonObject(old.data) ? old.data : {}),
    });
    const address = { kind: secrets, namespace, name, subresource: "" } as const;
    objects.modify(address, changed, { user: CONTROLLER, dryRun: false });
  }
}

function namesOf(references: unknown): string[] {
  const all: readonly unknown[] = Array.isArray(references) ? references : [];
  return all.flatMap((one) => (isJsonObject(one) && typeof one.name === "string" ? [one.name] : []));
}

function base64(value: string): string {
  return Buffer.from(value).toString("base64");
}
