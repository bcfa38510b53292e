import { killedForthAndBack } from "./forth-and-back.ts";

killedForthAndBack("a rotation to a public certificate", {
  scenario: { clusters: 1, tls: { mode: "system-store" } },
  targetOf: async ({ sandbox }) => ({ ...(await sandbox.pki.publicCa.issue()), bundle: "" }),
});
