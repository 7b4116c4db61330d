/** Parameters that share learning rate and weight decay (method 2.13). */
export type ParameterGroup = "encoder" | "norms" | "heads" | "decoder";

/** The optimizer group of a parameter, by its name. */
export function groupOf(name: string): ParameterGroup {
  if (name.startsWith("encoder.")) return name.includes("norm") ? "norms" : "encoder";
  return name.startsWith("decoder.") ? "decoder" : "heads";
}
