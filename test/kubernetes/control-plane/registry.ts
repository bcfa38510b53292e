/** A real OCI registry (CNCF Distribution) on loopback: what it holds is in memory. */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { createClusterAuthority } from "../../../src/sandbox/api-server/serving-identity.ts";
import { pathOf } from "./binaries.ts";

export interface Registry {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** The file with the CA that its certificate is verified with, PEM. */
  readonly caFile: string;
  stop(): Promise<void>;
}

/** @param folder for its certificate and its configuration */
export async function startRegistry(folder: string): Promise<Registry> {
  const path = (name: string) => join(folder, `registry-${name}`);
  const { caPem, certificatePem, keyPem } = await createClusterAuthority({ name: "registry", now: new Date() });
  const tls = { certificate: path("tls.crt"), key: path("tls.key") };
  const config = {
    version: 0.1,
    log: { level: "info", formatter: "text" },
    storage: { inmemory: {} },
    http: { addr: "127.0.0.1:0", secret: "of this test alone", tls },
  };
  await writeFile(path("ca.crt"), caPem);
  await writeFile(tls.certificate, certificatePem);
  await writeFile(tls.key, keyPem, { mode: 0o600 });
  await writeFile(path("config.yaml"), stringify(config));
  const child = spawn(pathOf("registry"), ["serve", path("config.yaml")], { stdio: ["ignore", "ignore", "pipe"] });
  const end = (): void => void child.kill();
  process.once("exit", end);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const [, found] = /listening on (127\.0\.0\.1:\d+)/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once("error", reject);
    child.once("close", () => reject(new Error(`the registry ended: ${said.slice(-2000)}`)));
  });
  return {
    address,
    caFile: path("ca.crt"),
    stop: async () => {
      process.removeListener("exit", end);
      child.kill();
      await ended;
    },
  };
}
