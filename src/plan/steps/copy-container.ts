import type { ContainerCopy } from "../estate-backup.ts";
import type { Step } from "../plan.ts";

/** `rotation/copy-container`: the data of a Rancher in a single container are copied, before anything is touched. */
export function copyContainer({ container: { name, version }, hot }: ContainerCopy): Step {
  const archive = `rancher-data-backup-${version}.tar.gz`;
  const how = hot ? "while it runs" : "while it stands still, and start it again";
  return {
    id: "rotation/copy-container",
    kind: "copy-container",
    target: "rotation",
    says: `Copy all data of container ${name}, encrypted, ${how}; the copy is read again to its end.`,
    manual: {
      row: "M2.1",
      commands: [
        ...(hot ? [] : [`docker stop ${name}`]),
        `docker run --rm --volumes-from ${name} busybox tar -C /var/lib/rancher -cz . | age -e -r "$AGE_RECIPIENT" >${archive}.age`,
        ...(hot ? [] : [`docker start ${name}`]),
        `age -d -i "$AGE_IDENTITY" ${archive}.age | tar -tz >/dev/null`,
      ],
    },
    permissions: [],
    undo: { kind: "nothing-to-undo" },
  };
}
