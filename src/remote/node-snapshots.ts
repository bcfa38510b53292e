/**
 * Snapshots of etcd on the nodes that hold them. What is found there is read on the node, whole: etcd ends a snapshot
 * with the SHA-256 of everything before (src/backup/etcd-snapshot.ts), and so one that was cut off is known.
 */
import { FarrierError } from "../errors.ts";
import { redactedLine } from "../pki/redacted-text.ts";
import type { EtcdRunner } from "../plan/estate-backup.ts";
import { quoted } from "../plan/shell-word.ts";
import { nodeCalled, type Running, runOnNode, type SshTarget } from "./ssh.ts";

/** What begins each line that is meant for Farrier: a login script may print something of its own. */
const MARK = "farrier-snapshot";

export interface NodeSnapshot {
  readonly path: string;
  /**
   * - `whole`: etcd's own checksum is right; `etcdutl` has read it as well where the node has that.
   * - `zip`: compressed by what saved it, and not cut off. Its checksums (CRC-32) are right where the node has `unzip` or
   *   `python3`; where it has only `gzip`, that of its first file, the database.
   */
  readonly state: "whole" | "zip" | "empty" | "unreadable" | "damaged";
  readonly bytes: number;
  /** Of the file; empty where it could not be read. */
  readonly sha256: string;
}

/** How long a node may take to read a large snapshot. */
const READ_MS = 10 * 60_000;

/** Every file in the directory that is called so, or that and something behind a dash or a dot. @throws FarrierError `ssh.*` */
export async function snapshotsOnNode(
  target: SshTarget,
  { directory, name }: { readonly directory: string; readonly name: string },
): Promise<NodeSnapshot[]> {
  const printed = await runOnNode(target, findScript(directory, name), { deadlineMs: READ_MS });
  return lines(printed).flatMap(([state = "", bytes = "", sha256 = "", ...path]) =>
    isState(state) ? [{ state, bytes: Number(bytes), sha256, path: path.join(" ") }] : [],
  );
}

const STATES: readonly NodeSnapshot["state"][] = ["whole", "zip", "empty", "unreadable", "damaged"];
const isState = (word: string): word is NodeSnapshot["state"] => STATES.some((state) => state === word);

function findScript(directory: string, name: string): string {
  const base = `${quoted(directory)}/${quoted(name)}`;
  return `
# GNU gzip reads the first file of an archive, if it was compressed, and warns (2) of a second one; its lengths end at 4 GiB.
zip_fits() {
  if command -v unzip >/dev/null 2>&1; then unzip -tqq "$1" >/dev/null 2>&1 </dev/null
  elif python3 -c 'import zipfile' >/dev/null 2>&1 </dev/null; then
    python3 -c 'import sys, zipfile; sys.exit(zipfile.ZipFile(sys.argv[1]).testzip() is not None)' "$1" >/dev/null 2>&1 </dev/null
  elif gzip --version >/dev/null 2>&1 </dev/null && [ "$(wc -c <"$1")" -lt 4294967296 ] &&
    [ "$(head -c 10 "$1" | tail -c 2 | od -An -v -tx1 | tr -d ' ')" = 0800 ]; then
    gzip -t <"$1" >/dev/null 2>&1
    [ $? -ne 1 ]
  fi
}
judge() {
  [ -s "$1" ] || { echo empty; return; }
  [ -r "$1" ] || { echo unreadable; return; }
  if [ "$(head -c 2 "$1")" = PK ]; then
    # Its directory is at its end: without that it was cut off.
    [ "$(tail -c 22 "$1" | head -c 4 | od -An -v -tx1 | tr -d ' ')" = 504b0506 ] || { echo damaged; return; }
    if zip_fits "$1"; then echo zip; else echo damaged; fi
    return
  fi
  size=$(wc -c <"$1")
  [ $((size % 512)) -eq 32 ] || { echo damaged; return; }
  own=$(head -c $((size - 32)) "$1" | sha256sum | cut -c 1-64)
  [ "$own" = "$(tail -c 32 "$1" | od -An -v -tx1 | tr -d ' \\n')" ] || { echo damaged; return; }
  if command -v etcdutl >/dev/null 2>&1 && ! etcdutl snapshot status "$1" >/dev/null 2>&1; then echo damaged; return; fi
  echo whole
}
for file in ${base} ${base}.zip ${base}-*; do
  [ -f "$file" ] || continue
  case "$file" in *.part) continue;; esac
  echo "${MARK} $(judge "$file") $(wc -c <"$file" | tr -d ' ') $(sha256sum "$file" 2>/dev/null | cut -c 1-64) $file"
done
`;
}

/** What stands against saving one there; undefined where nothing does. The program's path otherwise. */
export type ServerLook = { readonly program: string } | { readonly why: string };

/** Where RKE2 and K3s put themselves. */
const PLACES = ["/usr/local/bin", "/opt/rke2/bin", "/opt/bin", "/var/lib/rancher/rke2/bin"];

/**
 * Whether a server of RKE2 or K3s with an etcd of its own is there. K3s may keep its data in another database, of which
 * it makes no snapshot.
 * @throws FarrierError `ssh.*`
 */
export async function lookAtServer(
  target: SshTarget,
  { by, program, directory }: { readonly by: EtcdRunner; readonly program?: string; readonly directory: string },
): Promise<ServerLook> {
  const wanted = quoted(program ?? by);
  const script = `PATH=$PATH:${PLACES.join(":")}
if found=$(command -v ${wanted}); then echo "${MARK} program $found"; fi
if [ -d ${quoted(directory)}/../etcd ]; then echo "${MARK} etcd"; fi
`;
  const said = lines(await runOnNode(target, script));
  const found = said.find(([what]) => what === "program");
  if (found === undefined) return { why: `there is no program ${program ?? by} on ${nodeCalled(target)}` };
  if (!said.some(([what]) => what === "etcd")) {
    return { why: `${nodeCalled(target)} is no server with an etcd of its own: there is no etcd beside ${directory}` };
  }
  return { program: found.slice(1).join(" ") };
}

/**
 * `rke2` or `k3s etcd-snapshot save` on a server.
 * @throws FarrierError `backup.incomplete` with the program's last words; `ssh.*`
 */
export async function saveOnServer(
  target: SshTarget,
  { by, program, name }: { by: EtcdRunner; program: string; name: string },
  running: Running,
): Promise<void> {
  const script = `words=$(${quoted(program)} etcd-snapshot save --name ${quoted(name)} 2>&1)
code=$?
echo "${MARK} ended $code $(printf '%s' "$words" | tail -n 1)"
`;
  const printed = await runOnNode(target, script, running);
  const [, code = "", ...words] = lines(printed).find(([what]) => what === "ended") ?? [];
  if (code === "0") return;
  throw saveFailed(`${by} etcd-snapshot save on ${nodeCalled(target)}`, { code, words: words.join(" ") });
}

export function saveFailed(command: string, end: { readonly code: string; readonly words: string }): FarrierError {
  const words = redactedLine(end.words).replace(/\.$/, "");
  return new FarrierError(
    "backup.incomplete",
    `${command} failed: ${words === "" ? `exit code ${end.code}` : words}.`,
    {
      hint: "Mend what it says, and apply again: nothing of the rotation was begun.",
    },
  );
}

function lines(printed: string): string[][] {
  return printed
    .split("\n")
    .filter((line) => line.startsWith(`${MARK} `))
    .map((line) => line.split(" ").slice(1));
}
