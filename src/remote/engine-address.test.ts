import { describe, expect, it } from "vitest";
import { engineSocket } from "./engine-address.ts";

describe("the engine's socket", () => {
  const rows: [string, string | undefined, Record<string, string>, string][] = [
    ["is the path that was named", "/a/b.sock", { DOCKER_HOST: "unix:///other" }, "/a/b.sock"],
    ["is named as Docker does", "unix:///a/b.sock", {}, "/a/b.sock"],
    ["is DOCKER_HOST's", undefined, { DOCKER_HOST: "unix:///d.sock", CONTAINER_HOST: "unix:///p.sock" }, "/d.sock"],
    ["is Podman's variable", undefined, { CONTAINER_HOST: "unix:///p.sock" }, "/p.sock"],
  ];
  it.each(rows)("%s", (_, named, environment, path) => {
    expect(engineSocket(named, environment)).toBe(path);
  });

  it.each(["tcp://10.0.0.1:2376", "ssh://root@rancher", "https://engine"])("is no %s", (address) => {
    expect(() => engineSocket(address, {})).toThrow(/reached by a Unix socket, not by (tcp|ssh|https)\./);
  });
});
