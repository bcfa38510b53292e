/** How a cluster's control-plane node is reached by SSH: a part of `farrier.yaml`. */
import { z } from "zod";

/** What `ssh` takes for a host must not be taken for an option, or for more than one word. */
const HOST = /^[A-Za-z0-9_][A-Za-z0-9_.:%-]*$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/;
const JUMP = /^[A-Za-z0-9_][A-Za-z0-9_.:,@%[\]-]*$/;

export const sshSchema = z.strictObject({
  host: z
    .string()
    .regex(HOST, "a host name or address")
    .describe("Host name or address, or a Host of the SSH configuration."),
  user: z.string().regex(USER, "a user's name").optional().describe("User to log in as."),
  port: z.int().min(1).max(65535).optional().describe("Port of the SSH server."),
  key: z.string().optional().describe("Private key file; a passphrase must be in an agent."),
  jump: z
    .string()
    .regex(JUMP, "[user@]host[:port]")
    .optional()
    .describe("Jump host, as for ssh -J: [user@]host[:port]."),
  become: z.boolean().optional().describe("Read the kubeconfig, and run kubectl where need be, as root: sudo -n."),
  config: z.string().optional().describe("SSH configuration file; the user's own when absent."),
  kubeconfig: z
    .string()
    .optional()
    .describe("Path of the kubeconfig on the node; those of RKE2, K3s, kubeadm and RKE1 are found when absent."),
});
