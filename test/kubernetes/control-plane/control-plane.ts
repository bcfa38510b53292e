/** A real control plane on loopback: etcd, kube-apiserver and, if wanted, kube-controller-manager. Several may run. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, fetch } from "undici";
import { kubeconfigText } from "../../../src/sandbox/api-server/kubeconfig.ts";
import type { ClientCertificate } from "../../../src/sandbox/api-server/serving-identity.ts";
import { steadyPort } from "../../helpers/steady-port.ts";
import { startEtcd } from "./etcd.ts";
import { createIdentities, type Identities, type Renewal, renewIdentities } from "./identities.ts";
import { Program } from "./program.ts";

export interface ControlPlaneOptions {
  /** Names the kubeconfig's context. */
  readonly name: string;
  /** The controllers to run, as kube-controller-manager names them, or false for none. */
  readonly controllers?: readonly string[] | false;
  /** Admission plugins that kube-apiserver does without. */
  readonly withoutAdmission?: readonly string[];
}

/** A running control plane. `stop` ends its processes and removes everything that it wrote. */
export interface ControlPlane extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly caPem: string;
  /** A bearer token of an administrator. */
  readonly token: string;
  /** The same administrator's client certificate. */
  readonly administrator: ClientCertificate;
  /** With the client certificate; the context has the control plane's name. */
  readonly kubeconfig: string;
  /** Keys and certificates for programs that belong to it. */
  readonly files: Identities["files"];
  /** Ends kube-apiserver and starts it again over the same etcd, at the same address: what it had in memory is gone. */
  restartApiServer(): Promise<void>;
  /** Starts its programs again with other keys; `caPem` and `kubeconfig` are those of now then. */
  renew(renewal: Renewal): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Everything but what belongs to nodes: a stand-in for the kubelet writes no heartbeats, so that a cluster of its
 * nodes would be taken for dead.
 */
const CONTROLLERS = ["*", "-node-lifecycle-controller", "-taint-eviction-controller"];

/** It marks new nodes as not ready until a controller takes the mark away that is left out above. */
const WITHOUT_ADMISSION = ["TaintNodesByCondition"];

/** From start to ready takes a few seconds on a quiet machine. */
const READY_MS = 90_000;
const LOOK_MS = 50;

/** Two test files may find the same port free at the same time: another one is tried then. */
const ATTEMPTS = 5;

export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const directory = mkdtempSync(join(tmpdir(), `farrier-${options.name}-`));
  const programs = { etcd: undefined, apiServer: undefined, controllers: undefined } as Programs;
  const stop = async () => {
    // None is left without what it needs while it ends.
    for (const program of [programs.controllers, programs.apiServer, programs.etcd]) await program?.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    let identities = await createIdentities(options.name, directory);
    const etcd = startEtcd(directory);
    programs.etcd = etcd.program;
    const needs = () => ({ etcd: etcd.endpoint, identities, options });
    const { program, port } = await startApiServer(directory, needs());
    programs.apiServer = program;
    const { name, controllers = CONTROLLERS } = options;
    const access = () => accessTo(`https://127.0.0.1:${port}`, name, identities);
    const startTheControllers = () => {
      if (controllers === false) return;
      const { kubeconfig } = access();
      programs.controllers = startControllers(directory, { kubeconfig, identities, controllers });
    };
    startTheControllers();
    const restartApiServer = async () => {
      await programs.apiServer?.stop();
      programs.apiServer = (await startApiServer(directory, needs(), port)).program;
    };
    const renew = async (renewal: Renewal) => {
      await programs.controllers?.stop();
      identities = await renewIdentities(identities, renewal, { name, directory });
      await restartApiServer();
      startTheControllers();
    };
    const { url, token } = access();
    return {
      name,
      url,
      token,
      get caPem() {
        return access().caPem;
      },
      get administrator() {
        return access().administrator;
      },
      get kubeconfig() {
        return access().kubeconfig;
      },
      files: identities.files,
      restartApiServer,
      renew,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Programs {
  etcd: Program | undefined;
  apiServer: Program | undefined;
  controllers: Program | undefined;
}

function accessTo(url: string, name: string, { authority, administrator, token }: Identities) {
  const { caPem } = authority;
  const credentials = { kind: "certificate", ...administrator } as const;
  const kubeconfig = kubeconfigText([{ name, server: url, caPem, credentials }]);
  return { name, url, caPem, token, administrator, kubeconfig };
}

interface ApiServerNeeds {
  readonly etcd: string;
  readonly identities: Identities;
  readonly options: ControlPlaneOptions;
}

/** @param port the one to use; any free one if left out */
async function startApiServer(
  directory: string,
  needs: ApiServerNeeds,
  port?: number,
): Promise<{ readonly program: Program; readonly port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const chosen = port ?? (await steadyPort());
    const program = new Program(
      "kube-apiserver",
      apiServerFlags(chosen, needs),
      join(directory, `kube-apiserver-${chosen}.log`),
    );
    if (await isReady(program, `https://127.0.0.1:${chosen}`, needs.identities)) return { program, port: chosen };
    await program.stop();
    if (attempt === ATTEMPTS || !program.log.includes("address already in use")) {
      throw program.failure("did not become ready");
    }
  }
}

function apiServerFlags(port: number, { etcd, identities, options }: ApiServerNeeds): Record<string, string> {
  const { files } = identities;
  return {
    "bind-address": "127.0.0.1",
    "secure-port": String(port),
    // Nobody comes by the service's address: there is no network of pods.
    "advertise-address": "10.0.0.1",
    "endpoint-reconciler-type": "none",
    "service-cluster-ip-range": "10.43.0.0/24",
    "etcd-servers": etcd,
    "client-ca-file": files.ca,
    "tls-cert-file": files.servingCertificate,
    "tls-private-key-file": files.servingKey,
    "token-auth-file": files.tokens,
    "authorization-mode": "RBAC",
    // How it asks kubelets for logs, and to run what `kubectl exec` wants.
    "kubelet-client-certificate": files.administratorCertificate,
    "kubelet-client-key": files.administratorKey,
    "kubelet-certificate-authority": files.ca,
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-key-file": files.serviceAccountPublicKey,
    "service-account-signing-key-file": files.serviceAccountKey,
    profiling: "false",
    "disable-admission-plugins": [...WITHOUT_ADMISSION, ...(options.withoutAdmission ?? [])].join(","),
  };
}

interface ControllerNeeds {
  readonly kubeconfig: string;
  readonly identities: Identities;
  readonly controllers: readonly string[];
}

function startControllers(directory: string, { kubeconfig, identities, controllers }: ControllerNeeds): Program {
  const path = join(directory, "kubeconfig");
  writeFileSync(path, kubeconfig, { mode: 0o600 });
  const flags = {
    kubeconfig: path,
    controllers: controllers.join(","),
    "leader-elect": "false",
    "secure-port": "0",
    "root-ca-file": identities.files.ca,
    "service-account-private-key-file": identities.files.serviceAccountKey,
  };
  return new Program("kube-controller-manager", flags, join(directory, "kube-controller-manager.log"));
}

/** @returns false when the program ended or took too long */
async function isReady(program: Program, url: string, { authority, token }: Identities): Promise<boolean> {
  const agent = new Agent({ connect: { ca: authority.caPem } });
  const until = performance.now() + READY_MS;
  try {
    while (!program.hasEnded && performance.now() < until) {
      const headers = { authorization: `Bearer ${token}` };
      const status = await fetch(`${url}/readyz`, { dispatcher: agent, headers }).then(
        async (response) => {
          await response.text();
          return response.status;
        },
        () => 0,
      );
      if (status === 200) return true;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return false;
  } finally {
    await agent.close();
  }
}
