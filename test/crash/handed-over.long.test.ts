import { killedForthAndBack } from "./forth-and-back.ts";

killedForthAndBack("a rotation where TLS ends before the cluster, at what a person changes,", {
  scenario: { clusters: 1, tls: { source: "external" } },
  targetOf: async ({ sandbox }) => {
    const authority = await sandbox.pki.newAuthority("The day after");
    return { ...(await authority.issue()), bundle: authority.bundle };
  },
  helm: "unused",
});
