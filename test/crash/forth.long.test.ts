import { killedForth } from "./killed-forth.ts";

killedForth("a cluster", { clusters: 1 });
