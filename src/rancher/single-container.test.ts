import { describe, expect, it } from "vitest";
import type { Inspected } from "../remote/engine.ts";
import { rancherContainerOf } from "./single-container.ts";

/** As Docker's API shows `docker run -d -p 443:443 rancher/rancher:v2.15.0`, shortened. */
const DOCKER: Inspected = {
  Id: "0123456789abcdef",
  Name: "/rancher",
  Image: "sha256:feed",
  State: { Status: "running", Running: true, StartedAt: "2026-11-23T04:11:46Z" },
  Config: {
    Image: "rancher/rancher:v2.15.0",
    Env: ["CATTLE_SERVER_VERSION=v2.15.0", "CATTLE_AGENT_IMAGE=rancher/rancher-agent:v2.15.0", "EMPTY", "X=a=b"],
    Labels: {},
  },
  HostConfig: { AutoRemove: false },
  Mounts: [
    { Type: "volume", Name: "cafe", Source: "/var/lib/docker/volumes/cafe/_data", Destination: "/var/lib/rancher" },
  ],
};
const config = (change: Partial<Inspected["Config"]>) => ({ Config: { ...DOCKER.Config, ...change } });
const mounts = (...Mounts: Inspected["Mounts"]) => ({ Mounts });

describe("a container", () => {
  it("of Rancher's is known by its variables and its data", () => {
    expect(rancherContainerOf(DOCKER)).toEqual({
      id: "0123456789abcdef",
      name: "rancher",
      image: "rancher/rancher:v2.15.0",
      imageId: "sha256:feed",
      version: "v2.15.0",
      running: true,
      startedAt: "2026-11-23T04:11:46Z",
      fresh: false,
      vanishes: false,
      data: { kind: "volume", name: "cafe" },
    });
  });

  const rows: [string, Partial<Inspected>, object][] = [
    ["of Podman's has no slash before its name", { Name: "rancher" }, { name: "rancher" }],
    [
      "of a mirror's image is one all the same",
      config({ Image: "registry.example/x:1" }),
      { image: "registry.example/x:1" },
    ],
    ["whose image has lost its name is named by the image's id", config({ Image: "" }), { image: "sha256:feed" }],
    [
      "that was stopped",
      { State: { Status: "exited", Running: false, StartedAt: "" } },
      { running: false, fresh: false },
    ],
    ["that was only made, by Docker", { State: { Status: "created", Running: false, StartedAt: "" } }, { fresh: true }],
    [
      "that was only made, by Podman",
      { State: { Status: "configured", Running: false, StartedAt: "" } },
      { fresh: true },
    ],
    ["that goes with its end", { HostConfig: { AutoRemove: true } }, { vanishes: true }],
    [
      "whose data is a directory of the host",
      mounts(
        { Type: "bind", Source: "/etc/ssl", Destination: "/etc/rancher/ssl" },
        { Type: "bind", Source: "/opt/rancher", Destination: "/var/lib/rancher" },
      ),
      { data: { kind: "host-directory", path: "/opt/rancher" } },
    ],
    [
      "whose volume has no name but its place",
      mounts({ Type: "volume", Source: "/volumes/x", Destination: "/var/lib/rancher" }),
      { data: { kind: "volume", name: "/volumes/x" } },
    ],
  ];
  it.each(rows)("%s", (_, change, says) => {
    expect(rancherContainerOf({ ...DOCKER, ...change })).toMatchObject(says);
  });

  const [version = "", agentImage = ""] = DOCKER.Config.Env;
  const refused: [string, Partial<Inspected>, string][] = [
    [
      "of something else",
      config({ Image: "nginx:1", Env: [] }),
      "Container rancher is no Rancher server: its image is nginx:1.",
    ],
    [
      "of an agent, which has the version of its server",
      config({ Image: "rancher/rancher-agent:v2.15.0", Env: [version] }),
      "Container rancher is no Rancher server: its image is rancher/rancher-agent:v2.15.0.",
    ],
    [
      "without a version",
      config({ Env: [agentImage] }),
      "Container rancher is no Rancher server: its image is rancher/rancher:v2.15.0.",
    ],
    [
      "of a pod",
      config({ Labels: { "io.kubernetes.pod.name": "rancher-1" } }),
      "Container rancher belongs to a pod: this Rancher runs on Kubernetes, and its estate is in the cluster's etcd.",
    ],
    [
      "without its data",
      mounts({ Type: "bind", Source: "/x", Destination: "/var/lib/rancher/k3s" }),
      "Container rancher has no volume at /var/lib/rancher, as Rancher's own image makes one.",
    ],
  ];
  it.each(refused)("%s is refused", (_, change, message) => {
    expect(() => rancherContainerOf({ ...DOCKER, ...change })).toThrow(
      expect.objectContaining({ code: "engine.container-unsuitable", message }),
    );
  });
});
