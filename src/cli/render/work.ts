import type { Plan } from "../../plan/plan.ts";

/** What a person calls the carrying out of this plan. */
export function workOf({ direction, procedure }: Plan): "rollback" | "refresh" | "rotation" {
  if (direction === "rollback") return "rollback";
  return procedure === "refresh" ? "refresh" : "rotation";
}
