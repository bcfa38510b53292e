import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { endOf, errorOfSession, nodeCalled, runOnNode, type SshTarget } from "./ssh.ts";

const NODE: SshTarget = { host: "10.0.0.5", user: "root", port: 2222 };

describe("a node is called", () => {
  it.each<[string, SshTarget]>([
    ["node-1", { host: "node-1" }],
    ["root@node-1", { host: "node-1", user: "root" }],
    ["node-1:22", { host: "node-1", port: 22 }],
    ["root@10.0.0.5:2222", NODE],
  ])("%s", (called, target) => {
    expect(nodeCalled(target)).toBe(called);
  });
});

describe("a session that failed is told in a sentence", () => {
  /** OpenSSH's words, as they were seen. */
  const rows: [string, string, number | null, string, string][] = [
    [
      "the host key has changed",
      "@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@@@\nHost key verification failed.\n",
      255,
      "ssh.host-key",
      "SSH to root@10.0.0.5:2222 failed: the key of the host, or of its jump host, has changed.",
    ],
    [
      "the host key is not known",
      "No ED25519 host key is known for [10.0.0.5]:2222 and you have requested strict checking.\nHost key verification failed.\n",
      255,
      "ssh.host-key",
      "SSH to root@10.0.0.5:2222 failed: the key of the host, or of its jump host, is not known.",
    ],
    [
      "the key is not accepted",
      "root@10.0.0.5: Permission denied (publickey).\n",
      255,
      "ssh.refused",
      "SSH to root@10.0.0.5:2222 failed: it does not accept the key.",
    ],
    [
      "an agent offers too many keys",
      "Received disconnect from 10.0.0.5 port 2222:2: Too many authentication failures\n",
      255,
      "ssh.refused",
      "SSH to root@10.0.0.5:2222 failed: it does not accept the key.",
    ],
    [
      "sudo asks",
      "sudo: a password is required\n",
      1,
      "ssh.refused",
      "SSH to root@10.0.0.5:2222 failed: sudo wants a password, or is not allowed.",
    ],
    [
      "there is no sudo",
      "sh: 1: sudo: not found\n",
      127,
      "ssh.refused",
      "SSH to root@10.0.0.5:2222 failed: sudo wants a password, or is not allowed.",
    ],
    [
      "nobody listens: the last of its words",
      "Warning: something\nssh: connect to host 10.0.0.5 port 2222: Connection refused\r\n\n",
      255,
      "ssh.unreachable",
      "SSH to root@10.0.0.5:2222 failed: ssh: connect to host 10.0.0.5 port 2222: Connection refused.",
    ],
    ["it says nothing", " \n", 255, "ssh.unreachable", "SSH to root@10.0.0.5:2222 failed: it did not answer."],
    ["it was ended", "", null, "ssh.unreachable", "SSH to root@10.0.0.5:2222 failed: it did not answer."],
    [
      "the script failed: its words may be secret",
      "cat: token-abcde:planted: No such file\n",
      1,
      "ssh.failed",
      "What was run on root@10.0.0.5:2222 by SSH ended with exit code 1.",
    ],
  ];
  it.each(rows)("%s", (_, complaints, end, code, message) => {
    expect(errorOfSession(NODE, complaints, end)).toMatchObject({ code, exitCode: 1, message });
  });
});

describe("without OpenSSH", () => {
  const missing = {
    code: "ssh.missing",
    exitCode: 1,
    message: "The program ssh could not be started.",
    hint: "Install OpenSSH's client.",
  };

  it("a session says so", async () => {
    const session = spawn("/nowhere/ssh", [], { stdio: ["pipe", "pipe", "pipe"] });
    session.stdin.on("error", () => {});
    await expect(endOf(session)).rejects.toMatchObject(missing);
  });

  it("so does what would be run on a node", async () => {
    const { PATH = "" } = process.env;
    process.env.PATH = "/nowhere";
    try {
      await expect(runOnNode(NODE, "true")).rejects.toMatchObject(missing);
    } finally {
      process.env.PATH = PATH;
    }
  });
});
