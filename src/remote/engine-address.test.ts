import { describe, expect, it } from "vitest";
import { engineAddress } from "./engine-address.ts";

describe("the engine's socket", () => {
  const rows: [string, string | undefined, Record<string, string>, object][] = [
    ["is the path that was named", "/a/b.sock", { DOCKER_HOST: "unix:///other" }, { socket: "/a/b.sock" }],
    ["is named as Docker does", "unix:///a/b.sock", {}, { socket: "/a/b.sock" }],
    ["is DOCKER_HOST's", undefined, { DOCKER_HOST: "unix:///d", CONTAINER_HOST: "unix:///p" }, { socket: "/d" }],
    ["is Podman's variable", undefined, { CONTAINER_HOST: "unix:///p.sock" }, { socket: "/p.sock" }],
    [
      "is Docker's own on another host",
      "ssh://rancher",
      {},
      { socket: "/var/run/docker.sock", ssh: { host: "rancher" } },
    ],
    [
      "is named on another host",
      "ssh://root@10.0.0.5:2222/run/podman/podman.sock",
      {},
      { socket: "/run/podman/podman.sock", ssh: { host: "10.0.0.5", user: "root", port: 2222 } },
    ],
    [
      "is on a host by its IPv6 address",
      "ssh://[fd00::5]",
      {},
      { socket: "/var/run/docker.sock", ssh: { host: "fd00::5" } },
    ],
  ];
  it.each(rows)("%s", (_, named, environment, address) => {
    expect(engineAddress(named, environment)).toEqual(address);
  });

  it.each(["tcp://10.0.0.1:2376", "ssh://root:secret@rancher", "ssh://", "https://engine"])("is no %s", (address) => {
    expect(() => engineAddress(address, {})).toThrow(
      /reached by a Unix socket or by SSH, not by (tcp|ssh|https) so\.$/,
    );
  });
});
