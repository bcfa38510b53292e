import type { Plan, Step } from "../plan.ts";

type ByOperator = Extract<NonNullable<Plan["estateBackup"]>, { kind: "operator" }>;

/** `rotation/back-up-estate`: the backup operator makes the estate's own backup, before anything is touched. */
export function backUpEstate({ name, resourceSet, encryptionConfigSecret }: ByOperator): Step {
  const encryption =
    encryptionConfigSecret === undefined ? "" : `, encryptionConfigSecretName: ${encryptionConfigSecret}`;
  const object =
    `{apiVersion: resources.cattle.io/v1, kind: Backup, metadata: {name: ${name}}, ` +
    `spec: {resourceSetName: ${resourceSet}${encryption}}}`;
  return {
    id: "rotation/back-up-estate",
    kind: "back-up-estate",
    target: "rotation",
    says: `Have Rancher's backup operator save what ${resourceSet} selects, as Backup ${name}, and wait for its file.`,
    manual: {
      row: "M2.2",
      commands: [
        `echo '${object}' | kubectl create -f -`,
        `kubectl wait --for=condition=Ready --timeout=30m backups.resources.cattle.io/${name}`,
        `kubectl get backups.resources.cattle.io ${name} -o jsonpath='{.status.storageLocation} {.status.filename}'`,
      ],
    },
    permissions: [
      "get backups.resources.cattle.io",
      "create backups.resources.cattle.io",
      "watch backups.resources.cattle.io",
    ],
    undo: { kind: "nothing-to-undo" },
  };
}
