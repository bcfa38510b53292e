/** Files in a container: what its mounts of Secrets and ConfigMaps show. */
import type { Container, Pod, Volume } from "../pod.ts";
import type { Content } from "./content.ts";

/** Why a pod's volumes cannot be mounted (a `FailedMount` event's words), or undefined if they can. */
export function mountFailure(pod: Pod, content: Content): string | undefined {
  for (const volume of pod.spec.volumes ?? []) {
    const missing = missingFrom(volume, pod, content);
    if (missing !== undefined) return `MountVolume.SetUp failed for volume "${volume.name}" : ${missing}`;
  }
  return undefined;
}

/**
 * The files of a container that starts now. Directory mounts stay live: they show what is stored at the moment of
 * reading. Sub-path mounts are taken here and now, and never change while the container runs (rancher.md §0b row 11).
 */
export function mountedFiles(pod: Pod, container: Container, content: Content): (path: string) => string | undefined {
  const atStart = new Map<string, string>();
  const live: { readonly directory: string; readonly volume: Volume }[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find((each) => each.name === mount.name);
    if (!volume) continue;
    if (!mount.subPath) live.push({ directory: mount.mountPath.replace(/\/$/, ""), volume });
    else for (const [path, text] of taken(mount, filesOf(volume, pod, content))) atStart.set(path, text);
  }
  const innermostFirst = live.toSorted((a, b) => b.directory.length - a.directory.length);
  return (path) => {
    const fixed = atStart.get(path);
    if (fixed !== undefined) return fixed;
    const mount = innermostFirst.find(({ directory }) => path.startsWith(`${directory}/`));
    return mount && filesOf(mount.volume, pod, content).get(path.slice(mount.directory.length + 1));
  };
}

interface SubPathMount {
  readonly mountPath: string;
  readonly subPath?: string | undefined;
}

/** What a sub-path (one file, or a directory of them) puts under its mount path. */
function taken({ mountPath, subPath = "" }: SubPathMount, files: ReadonlyMap<string, string>): [string, string][] {
  const file = files.get(subPath);
  if (file !== undefined) return [[mountPath, file]];
  const within = [...files].filter(([path]) => path.startsWith(`${subPath}/`));
  return within.map(([path, text]) => [mountPath + path.slice(subPath.length), text]);
}

function filesOf(volume: Volume, pod: Pod, content: Content): ReadonlyMap<string, string> {
  const stored = storedIn(volume, pod, content);
  const items = (volume.secret ?? volume.configMap)?.items;
  if (!stored || !items) return stored ?? new Map();
  return new Map(items.flatMap(({ key, path }) => entryOf(stored, key, path)));
}

function entryOf(stored: ReadonlyMap<string, string>, key: string, path: string): [string, string][] {
  const text = stored.get(key);
  return text === undefined ? [] : [[path, text]];
}

function storedIn(volume: Volume, pod: Pod, content: Content): ReadonlyMap<string, string> | undefined {
  if (volume.secret) return content.secret(pod.namespace, volume.secret.secretName);
  if (volume.configMap) return content.configMap(pod.namespace, volume.configMap.name);
  return undefined;
}

function missingFrom(volume: Volume, pod: Pod, content: Content): string | undefined {
  const source = volume.secret ?? volume.configMap;
  if (!source || source.optional) return undefined;
  const kind = volume.secret ? "secret" : "configmap";
  const name = volume.secret?.secretName ?? volume.configMap?.name ?? "";
  const stored = storedIn(volume, pod, content);
  if (!stored) return `${kind} "${name}" not found`;
  const absent = source.items?.find(({ key }) => !stored.has(key));
  return absent && `references non-existent ${kind} key: ${absent.key}`;
}
