import { killedForthAndBack } from "./forth-and-back.ts";

killedForthAndBack("a rotation from Rancher's own CA to a public certificate", {
  scenario: { clusters: 1, tls: { source: "rancher", mode: "system-store" } },
  targetOf: async ({ sandbox }) => ({ ...(await sandbox.pki.publicCa.issue()), bundle: "" }),
});
