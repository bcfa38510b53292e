/** The `helm` that is here, where values of Rancher's chart have to change for a private CA of the people's own. */
import type { Estate } from "../estate/estate.ts";
import { lookAtHelm, programOf } from "../helm/helm-program.ts";
import { isIssued } from "../plan/release.ts";
import type { World } from "./world.ts";

/** Undefined where no upgrade would be needed: nobody then has to have the program. */
export async function observeHelm(
  { helm }: World,
  { installer, privateCa, tlsSource }: Pick<Estate["installation"], "installer" | "privateCa" | "tlsSource">,
): Promise<Estate["access"]["helm"]> {
  if (installer.kind !== "helm" || (privateCa && !isIssued(tlsSource))) return undefined;
  const state = await lookAtHelm(helm);
  const program = programOf(helm);
  switch (state.kind) {
    case "usable":
      return { program, version: state.version };
    case "missing":
      return { program, problem: "missing" };
    case "unsuitable":
      return { program, version: state.version, problem: "unsuitable" };
  }
}
