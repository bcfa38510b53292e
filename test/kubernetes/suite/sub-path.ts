/** rancher.md §0b row 11: what a container sees of a Secret that is changed while it runs. */

import { describe, expect, test } from "vitest";
import { waitUntil } from "../../../src/sandbox/scenario/waiting.ts";
import type { Ended } from "../../helpers/run-farrier.ts";

const POD = "reader";
const PATHS = { directory: "/directory/cacerts.pem", subPath: "/etc/rancher/ssl/cacerts.pem" };

/** @param image one with a shell. @param kubectl as administrator; `input` goes to its standard input */
export function subPathMounts(
  image: string,
  kubectl: (args: readonly string[], input?: string) => Promise<Ended>,
): void {
  const succeeds = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(args, input);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const apply = (...objects: readonly object[]) =>
    succeeds(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  const seen = async (path: string) => (await kubectl(["exec", POD, "--", "cat", path])).stdout;
  const until = (path: string, text: string) =>
    waitUntil(async () => (await seen(path)) === text, { what: `${text} at ${path}`, seconds: 300 });
  const identity = async () => {
    const { metadata, status } = JSON.parse(await succeeds(["get", "pod", POD, "-o", "json"]));
    return { uid: metadata.uid, restarts: status.containerStatuses?.[0]?.restartCount };
  };

  describe("a Secret mounted through a sub-path is changed, then the container (not the pod) restarts (row 11)", () => {
    test("the running container never sees the new content, which the plain directory mount shows; the next one does", async () => {
      await apply(secret("before"), reader(image));
      await until(PATHS.subPath, "before");
      expect(await seen(PATHS.directory)).toBe("before");
      const started = await identity();

      await apply(secret("after"));
      await until(PATHS.directory, "after");
      expect(await seen(PATHS.subPath)).toBe("before");
      expect(await identity()).toEqual({ ...started, restarts: 0 });

      await kubectl(["exec", POD, "--", "/bin/sh", "-c", "kill 1"]);
      await waitUntil(async () => (await identity()).restarts === 1, { what: "the restart of the container" });
      await until(PATHS.subPath, "after");
      expect(await identity()).toEqual({ ...started, restarts: 1 });
    });
  });
}

function secret(text: string) {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "tls-ca" }, stringData: { "cacerts.pem": text } };
}

/** The mount that Rancher's chart makes, and beside it one of the whole Secret. */
function reader(image: string) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: POD },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: "main",
          image,
          command: ["/bin/sh", "-c", "trap 'exit 1' TERM; while :; do sleep 1 & wait; done"],
          volumeMounts: [
            { name: "tls-ca-volume", mountPath: "/directory", readOnly: true },
            { name: "tls-ca-volume", mountPath: PATHS.subPath, subPath: "cacerts.pem", readOnly: true },
          ],
        },
      ],
      volumes: [{ name: "tls-ca-volume", secret: { secretName: "tls-ca", defaultMode: 256 } }],
    },
  };
}
