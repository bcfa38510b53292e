/** What is said of the estate's own backup. Alphabetical by code. */
export const BACKUP_FINDINGS = {
  "backup.not-possible": {
    severity: "error",
    meaning: "The estate's own backup is asked for in farrier.yaml and cannot be made.",
    hint: "Mend what the sentence names, or say that you go on without it: --without-estate-backup.",
  },
  "backup.plain-secrets": {
    severity: "warning",
    meaning: "The backup operator would write every Secret of the estate unencrypted.",
    hint: "Make an EncryptionConfiguration Secret in cattle-resources-system and name it: estateBackup.operator.encryptionConfigSecret.",
  },
  "backup.without-secrets": {
    severity: "warning",
    meaning: "The backup operator is asked for a set of objects without any Secret.",
    hint: "Use rancher-resource-set-full: estateBackup.operator.resourceSet.",
  },
} as const;
