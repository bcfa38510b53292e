import { expect, test } from "vitest";
import { Secret } from "../pki/secret.ts";
import { ownTokensIn } from "./endpoint-tokens.ts";

const kubeconfig = (user: string): Secret =>
  Secret.of(`apiVersion: v1
kind: Config
clusters:
- name: lagos
  cluster: {server: "https://rancher.example.com/k8s/clusters/c-x7k2p"}
contexts:
- name: lagos
  context: {cluster: lagos, user: lagos}
users:
- name: lagos
  user: ${user}
`);

test.each([
  ["with a random end is its own", "{token: 'kubeconfig-u-abc12x7k2p:s3cret'}", ["kubeconfig-u-abc12x7k2p"]],
  ["of the user and the cluster is everybody's (Rancher ≤ 2.5)", "{token: 'kubeconfig-u-abc12.c-x7k2p:s3cret'}", []],
  [
    "of another cluster that is called so by chance is its own",
    "{token: 'kubeconfig-u-abc12c-x7k2p:s3cret'}",
    ["kubeconfig-u-abc12c-x7k2p"],
  ],
  ["that a program gives is none", "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: rancher}}", []],
])("a token %s", (_, user, names) => {
  expect(ownTokensIn(kubeconfig(user), "c-x7k2p")).toEqual(names);
});
