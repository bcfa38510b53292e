import { killedForthAndBack } from "./forth-and-back.ts";

killedForthAndBack("a rotation from the CA that Rancher has made itself to a private one", {
  scenario: { clusters: 1, tls: { source: "rancher" } },
});
