import { Command } from "commander";
import { UserError } from "../user-error.ts";
import { wordRemedies } from "./remedies.ts";
import type { OpenOutput } from "./output.ts";
import { withExamples, withJson } from "./options.ts";

/** `tag2mask doctor`: what tag2mask runs on, and whether it computes right there. */
export function doctorCommand(open: OpenOutput): Command {
  const command = withJson(new Command("doctor"))
    .summary("show devices, versions and memory; test every device")
    .description("Shows devices, versions and memory, and lets every device compute something.")
    .action(async (options: { json?: boolean }) => {
      const output = open(options);
      const { examine, formatDoctor } = await import("../host/node/doctor.ts");
      const report = await examine();
      output.say(formatDoctor(report, wordRemedies));
      output.record(report);
      const cpu = report.devices.find((device) => device.device === "cpu");
      if (!cpu?.works) throw new UserError(`device cpu: ${cpu?.problem ?? "not in this build"}`);
    });
  return withExamples(command, "tag2mask doctor", "tag2mask doctor --json");
}
