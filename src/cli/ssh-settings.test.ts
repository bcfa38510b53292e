import { describe, expect, it } from "vitest";
import { sshSchema } from "./ssh-settings.ts";

/** Words that `ssh` would read as something else than what they stand for. */
const EVIL = ["-oProxyCommand=touch /tmp/x", "a b", "a;b", "$(id)", "a'b", "a\nb", ""];

describe("what farrier.yaml says of a node", () => {
  const hosts = ["node", "node-1.example.com", "10.0.0.1", "fd00::1", "fe80::1%eth0", "My_Host", "_srv"];
  it.each(hosts)("host %s", (host) => {
    expect(sshSchema.safeParse({ host }).success).toBe(true);
  });
  it.each([...EVIL, "root@node", "[fd00::1]"])("is no host: %j", (host) => {
    expect(sshSchema.safeParse({ host }).success).toBe(false);
  });

  it.each(["root", "ana.m", "ana-m_1", "ana@corp.example"])("user %s", (user) => {
    expect(sshSchema.safeParse({ host: "node", user }).success).toBe(true);
  });
  it.each([...EVIL, "ana:x"])("is no user: %j", (user) => {
    expect(sshSchema.safeParse({ host: "node", user }).success).toBe(false);
  });

  it.each(["jump", "ana@jump:2222", "ana@[fd00::1]:22", "one,two"])("jump host %s", (jump) => {
    expect(sshSchema.safeParse({ host: "node", jump }).success).toBe(true);
  });
  it.each(EVIL)("is no jump host: %j", (jump) => {
    expect(sshSchema.safeParse({ host: "node", jump }).success).toBe(false);
  });

  const ports: [unknown, boolean][] = [
    [1, true],
    [65535, true],
    [0, false],
    [65536, false],
    [22.5, false],
    ["22", false],
  ];
  it.each(ports)("port %j: %s", (port, taken) => {
    expect(sshSchema.safeParse({ host: "node", port }).success).toBe(taken);
  });

  it("takes no word that it does not know", () => {
    expect(sshSchema.safeParse({ host: "node", hosts: "x" }).success).toBe(false);
  });
});
