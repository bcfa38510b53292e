/** Whether the backup operator could make a backup, as somebody wants it. */
import { FarrierError } from "../errors.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { secrets } from "../kubernetes/resource.ts";
import type { BackupOperator } from "../plan/estate-backup.ts";
import { BACKUP_OPERATOR_NAMESPACE, resourceSets } from "../rancher/backup-operator.ts";

/**
 * What cannot be seen is told as what is not there, with the reason.
 * @param secret of the encryption configuration, if one was named
 */
export async function observeBackupOperator(api: Api, secret: string | undefined): Promise<BackupOperator> {
  try {
    const { items } = await api.list(resourceSets);
    const found = secret !== undefined && (await api.get(secrets(BACKUP_OPERATOR_NAMESPACE), secret)) !== undefined;
    return {
      kind: "installed",
      namespace: BACKUP_OPERATOR_NAMESPACE,
      resourceSets: items.map(({ metadata }) => metadata.name).sort(),
      encryptionConfigFound: found,
    };
  } catch (error) {
    if (!(error instanceof FarrierError)) throw error;
    const absent = error instanceof ApiError && error.status === 404;
    return { kind: "unusable", why: absent ? "Rancher's backup operator is not installed" : error.message };
  }
}
