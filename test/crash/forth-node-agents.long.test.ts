import { killedForth } from "./killed-forth.ts";

killedForth("a cluster with node agents", {
  rancher: { version: "2.11.5" },
  clusters: [{ name: "quito", nodeAgent: true, nodes: 2 }],
});
