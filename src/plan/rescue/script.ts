/**
 * The script of a rescue kit: a POSIX shell and `kubectl` are all that it needs. It decides from what it finds, every time
 * anew, so that it may be run again at any moment:
 *
 *   served pin S ──not planned──► refused
 *        │
 *   agent's pin = the one after S ──► armed already (or made so)
 *   agent's pin = S, nothing after S ──► done
 *   agent's pin = S, N after S ──► armed for N
 *   anything else ──► set to S, waited for, looked at again
 *
 * A pin may be none: Rancher serves no bundle, and agents trust their system's own store. Where that comes after S, the
 * agent is let go of its pin at once, straddling, and gets S again if it does not come up so.
 *
 * The node agents' DaemonSets, where there are any, go the same way before: armed `OnDelete`, or set to S; and where their
 * pods are not replaced by themselves, one node after the other.
 *
 * A write names the version that was read, so that nothing is overwritten that somebody wrote in between.
 */
import { CLUSTER_AGENT } from "../../estate/agent.ts";
import { NODE_AGENTS } from "../../estate/node-agent.ts";
import { quoted } from "../shell-word.ts";

export interface RescueFacts {
  readonly cluster: { readonly id: string; readonly name: string };
  /** `https://rancher.example.com` */
  readonly serverUrl: string;
  /** UID of the cluster's `kube-system`, where it was ever seen. */
  readonly kubeSystemUid?: string;
  /** Pins in the order in which Rancher comes to serve them, empty where it serves no bundle; only these are ever written. */
  readonly pins: readonly string[];
  /** What arming sets. */
  readonly minReadySeconds: number;
}

/** The text of `rescue.sh`; it holds no secret. */
export function rescueScript(facts: RescueFacts): string {
  const values = {
    CLUSTER: facts.cluster.id,
    NAME: facts.cluster.name,
    SERVER: facts.serverUrl.replace(/\/+$/, ""),
    UID_OF_CLUSTER: facts.kubeSystemUid ?? "",
    PINS: facts.pins.map((pin) => (pin === "" ? NONE : pin)).join(" "),
    MIN_READY: String(facts.minReadySeconds),
    NAMESPACE: CLUSTER_AGENT.namespace,
    AGENT: CLUSTER_AGENT.deployment,
    CONTAINER: CLUSTER_AGENT.container,
    NODE_AGENTS: NODE_AGENTS.map(({ name }) => name).join(" "),
    VARIABLE: CLUSTER_AGENT.pinVariable,
  };
  const head = Object.entries(values).map(([name, value]) => `${name}=${quoted(value)}`);
  return `${TITLE}${head.join("\n")}\n${BODY}`;
}

/** How the script calls the empty pin. */
const NONE = "none";

const TITLE = `#!/bin/sh
# Gives the Rancher agent of one cluster the certificate authority that Rancher serves. See README.md beside it.
set -eu
`;

const BODY = String.raw`
say() { printf '%s\n' "$*"; }
refuse() { printf 'REFUSED: %s\n' "$*" >&2; exit 1; }

# --- kubectl, and the cluster's own kubeconfig ---
find_kubectl() {
  if [ -n "$1" ]; then printf '%s' "$1"; return; fi
  if command -v kubectl >/dev/null 2>&1; then printf 'kubectl'; return; fi
  for file in /var/lib/rancher/rke2/bin/kubectl /usr/local/bin/kubectl; do
    if [ -x "$file" ]; then printf '%s' "$file"; return; fi
  done
  refuse "kubectl was not found. Name it: KUBECTL=/path/to/kubectl $0"
}
KUBECTL=$(find_kubectl "$(printenv KUBECTL || true)")
if [ -z "$(printenv KUBECONFIG || true)" ]; then
  for file in /etc/rancher/rke2/rke2.yaml /etc/rancher/k3s/k3s.yaml /etc/kubernetes/admin.conf; do
    if [ -r "$file" ]; then KUBECONFIG=$file; export KUBECONFIG; break; fi
  done
fi
k() { "$KUBECTL" "$@"; }

# --- the right cluster? ---
uid=$(k get namespace kube-system -o 'jsonpath={.metadata.uid}') || refuse "the cluster does not answer kubectl."
project=$(k get namespace "$NAMESPACE" -o 'jsonpath={.metadata.annotations.field\.cattle\.io/projectId}' 2>/dev/null || true)
if [ -n "$UID_OF_CLUSTER" ]; then
  [ "$uid" = "$UID_OF_CLUSTER" ] || refuse "this is another cluster than $NAME ($CLUSTER): its kube-system has the UID $uid, not $UID_OF_CLUSTER."
else
  case "$project" in
    "$CLUSTER":*) ;;
    "") refuse "nothing shows that this is $NAME ($CLUSTER): namespace $NAMESPACE has no annotation field.cattle.io/projectId." ;;
    *) refuse "this is another cluster than $NAME ($CLUSTER): Rancher calls it $(printf '%s' "$project" | cut -d: -f1)." ;;
  esac
fi

[ "$(k -n "$NAMESPACE" auth can-i patch deployments.apps 2>/dev/null || true)" = yes ] ||
  refuse "this account may not patch deployments in $NAMESPACE."

# --- what does Rancher serve? Its certificate is not verified here: the pin is what must fit, as for the agent itself. ---
sha256() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum; else
    if command -v shasum >/dev/null 2>&1; then shasum -a 256; else openssl dgst -sha256 -r; fi
  fi | cut -c1-64
}
# Without a token kubectl would ask for a name and a password; this address needs none, and looks at none.
answer=$(k --kubeconfig=/dev/null --token=none --server="$SERVER" --insecure-skip-tls-verify=true get --raw /v3/settings/cacerts) ||
  refuse "Rancher at $SERVER does not answer from here: the agent could not connect either."
value=$(printf '%s' "$answer" | sed -n 's/.*"value" *: *"\([^"]*\)".*/\1/p')
if [ -n "$value" ]; then served=$(printf '%b\n' "$value" | sha256)
elif printf '%s' "$answer" | grep -q '"value" *: *""'; then served=none
else refuse "$SERVER/v3/settings/cacerts holds no certificate authority."; fi
next=
known=
for pin in $PINS; do
  if [ -n "$known" ] && [ -z "$next" ]; then next=$pin; fi
  if [ "$pin" = "$served" ]; then known=yes; fi
done
[ -n "$known" ] || [ "$served" != none ] || refuse "Rancher at $SERVER serves no certificate authority, which this kit does not know of. Ask for a new kit; until then change nothing."
[ -n "$known" ] || refuse "Rancher at $SERVER serves a certificate authority that this kit does not know (SHA-256 $served). Ask for a new kit; until then change nothing."

value_of() { if [ "$1" != none ]; then printf '%s' "$1"; fi; }

# --- the agent ---
seen() {
  facts=$(k -n "$NAMESPACE" get deployment "$AGENT" -o 'jsonpath={.metadata.resourceVersion}|{.spec.minReadySeconds}|{.spec.template.spec.containers[?(@.name=="'"$CONTAINER"'")].env[?(@.name=="'"$VARIABLE"'")].value}') ||
    refuse "deployment $AGENT in $NAMESPACE cannot be read, or is missing."
  version=$(printf '%s' "$facts" | cut -d'|' -f1)
  ready=$(printf '%s' "$facts" | cut -d'|' -f2)
  pin=$(printf '%s' "$facts" | cut -d'|' -f3)
  if [ -z "$pin" ]; then pin=none; fi
  if [ -z "$ready" ]; then ready=0; fi
}
# write PIN MIN_READY_SECONDS ('' leaves it as it is): against the version that was seen, or not at all.
write() {
  seconds=
  if [ -n "$2" ]; then seconds='"minReadySeconds":'$2','; fi
  k -n "$NAMESPACE" patch deployment "$AGENT" --type=strategic -p '{"metadata":{"resourceVersion":"'"$version"'"},"spec":{'"$seconds"'"template":{"spec":{"containers":[{"name":"'"$CONTAINER"'","env":[{"name":"'"$VARIABLE"'","value":"'"$(value_of "$1")"'"}]}]}}}}' >/dev/null
}
# Kubernetes itself writes the agent's status all the time; whose change it was is seen by looking again.
tries=0
again() {
  tries=$((tries + 1))
  [ "$tries" -lt 20 ] || refuse "the agent could not be changed; the lines above say why."
  say "It was changed by somebody else in between; looking again."
}

# --- the node agents (Rancher up to 2.11, RKE1; Windows has its own) ---
node_seen() {
  facts=$(k -n "$NAMESPACE" get daemonset "$1" --ignore-not-found -o 'jsonpath={.metadata.resourceVersion}|{.spec.minReadySeconds}|{.spec.updateStrategy.type}|{.spec.selector.matchLabels.app}|{range .spec.template.spec.containers[*]}{.name}={.env[?(@.name=="'"$VARIABLE"'")].name}={.env[?(@.name=="'"$VARIABLE"'")].value};{end}') ||
    refuse "daemonset $1 in $NAMESPACE cannot be read."
  [ -n "$facts" ] || return 1
  version=$(printf '%s' "$facts" | cut -d'|' -f1)
  ready=$(printf '%s' "$facts" | cut -d'|' -f2)
  strategy=$(printf '%s' "$facts" | cut -d'|' -f3)
  label=$(printf '%s' "$facts" | cut -d'|' -f4)
  # The container that has the variable, be it empty; its name is not the same in every version.
  pinned=$(printf '%s' "$facts" | cut -d'|' -f5 | tr ';' '\n' | sed -n 's/^\([^=]*\)='"$VARIABLE"'=\(.*\)$/\1 \2/p' | head -n 1)
  container=$(printf '%s' "$pinned" | cut -d' ' -f1)
  pin=$(printf '%s' "$pinned" | cut -d' ' -f2)
  if [ -z "$pin" ]; then pin=none; fi
  if [ -z "$ready" ]; then ready=0; fi
}
node_write() {
  k -n "$NAMESPACE" patch daemonset "$1" --type=strategic -p '{"metadata":{"resourceVersion":"'"$version"'"},"spec":{'"$3"'"template":{"spec":{"containers":[{"name":"'"$container"'","env":[{"name":"'"$VARIABLE"'","value":"'"$(value_of "$2")"'"}]}]}}}}' >/dev/null
}
# Pods that are updated OnDelete keep the pin that they were started with: each goes when the one before is Ready again.
node_roll() {
  for name in $(k -n "$NAMESPACE" get pods -l app="$label" -o 'jsonpath={range .items[*]}{.metadata.name}={.spec.containers[0].env[?(@.name=="'"$VARIABLE"'")].value}{"\n"}{end}' | sed -n '/='"$(value_of "$wanted")"'$/!s/=.*//p'); do
    k -n "$NAMESPACE" delete pod "$name" >/dev/null || refuse "pod $name cannot be deleted."
    say "Node agent $name was ended; waiting for its successor."
    waited=0
    until [ "$(k -n "$NAMESPACE" get daemonset "$1" -o 'jsonpath={.status.numberReady}={.status.desiredNumberScheduled}={.metadata.generation}={.status.observedGeneration}' | awk -F= '$1 == $2 && $3 == $4 { print "all" }')" = all ] &&
      [ -z "$(k -n "$NAMESPACE" get pod "$name" --ignore-not-found -o name)" ]; do
      waited=$((waited + 2))
      [ "$waited" -lt 300 ] || refuse "the successor of node agent $name does not come up: look at its log in $NAMESPACE."
      sleep 2
    done
  done
}
# Every node's pod with the served pin, before anything else is asked of them.
node_settle() {
  if [ "$strategy" = OnDelete ]; then node_roll "$1"; return; fi
  k -n "$NAMESPACE" rollout status daemonset "$1" --timeout=10m >/dev/null || refuse "the node agents of $1 do not come up: look at their logs in $NAMESPACE."
}
# What pods of node agents must have before anything else is asked of them.
wanted=$served
if [ "$next" = none ]; then wanted=none; fi
node_armed() { [ "$next" != none ] && [ -n "$next" ] && [ "$pin" = "$next" ] && [ "$strategy" = OnDelete ] && [ "$ready" -ge "$MIN_READY" ]; }
node_agents() {
for set in $NODE_AGENTS; do
  tries=0
  if ! node_seen "$set" || [ -z "$container" ]; then continue; fi
  [ "$(k -n "$NAMESPACE" auth can-i patch daemonsets.apps 2>/dev/null || true)" = yes ] ||
    refuse "this account may not patch daemonsets in $NAMESPACE."
  until node_armed; do
    if [ "$pin" != "$wanted" ]; then
      if node_write "$set" "$wanted" ''; then say "The node agents of $set get the pin of what Rancher serves, or none."; else again; fi
    else
      node_settle "$set"
      [ "$wanted" = "$served" ] && [ -n "$next" ] || break
      node_seen "$set" || break
      if [ "$ready" -lt "$MIN_READY" ]; then ready=$MIN_READY; fi
      if node_write "$set" "$next" '"minReadySeconds":'"$ready"',"updateStrategy":{"type":"OnDelete","rollingUpdate":null},'; then
        say "Armed: the node agents of $set go on, and those that start from now on wait for what Rancher serves next."
      else again; fi
    fi
    node_seen "$set" || break
  done
done
}

# --- without a pin: Rancher's certificate ends at a public root, and the agent must show that its own system has it ---
unpin() {
  tries=0
  seen
  until [ "$pin" = none ]; do
    if [ "$ready" -lt "$MIN_READY" ]; then ready=$MIN_READY; fi
    if write none "$ready"; then say "A new pod starts without a pin, the old one works on."; else again; fi
    seen
  done
  if k -n "$NAMESPACE" rollout status deployment "$AGENT" --timeout=5m >/dev/null; then return; fi
  tries=0
  seen
  until [ "$pin" = "$served" ]; do
    write "$served" '' || again
    seen
  done
  refuse "the agent does not come up without a pin: the store of its image may lack the public root. It has its pin again; the old pod has worked on."
}

if [ "$next" = none ]; then
  unpin
  node_agents
  say "DONE: the agent of $NAME works without a pin, as it will when Rancher serves no certificate authority."
  exit 0
fi
node_agents
tries=0
seen
before=$pin
while :; do
  if [ -n "$next" ] && [ "$pin" = "$next" ] && [ "$ready" -ge "$MIN_READY" ]; then
    say "DONE: the agent of $NAME is armed for what Rancher serves next. Nothing needs to be changed."
    exit 0
  fi
  if [ -z "$next" ] && [ "$pin" = "$served" ]; then
    say "DONE: the agent of $NAME has the pin of what Rancher serves. Nothing needs to be changed."
    exit 0
  fi
  if [ "$pin" != "$before" ] && [ "$pin" != "$served" ] && [ "$pin" != "$next" ]; then
    refuse "somebody else has given the agent another pin ($pin) while this ran."
  fi
  if [ -n "$next" ] && { [ "$pin" = "$served" ] || [ "$pin" = "$next" ]; }; then
    if [ "$ready" -lt "$MIN_READY" ]; then ready=$MIN_READY; fi
    if write "$next" "$ready"; then say "Armed: a new pod waits for what Rancher serves next, the old one works on."; else again; fi
  else
    if write "$served" ""; then
      say "The agent has the pin of what Rancher serves now; waiting until it runs with it."
      k -n "$NAMESPACE" rollout status deployment "$AGENT" --timeout=10m || refuse "the agent does not come up: look at the log of its newest pod in $NAMESPACE."
      before=$served
    else again; fi
  fi
  seen
done
`;
