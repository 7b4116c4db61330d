import { Command, Option } from "commander";
import { UserError } from "../user-error.ts";
import { wordRemedies } from "./remedies.ts";
import type { OpenOutput } from "./output.ts";
import { withExamples, withJson } from "./options.ts";

/** `tag2mask doctor`: what tag2mask runs on, and whether it computes right there. */
export function doctorCommand(open: OpenOutput): Command {
  const command = withJson(new Command("doctor"))
    .summary("show devices, versions and memory; test every device")
    .description("Shows devices, versions and memory, and lets every device compute something.")
    .addOption(
      new Option(
        "--install <what>",
        "first download what is too large for the npm package: cuda, the libraries of an NVIDIA GPU (CUDA 12, linux-x64)",
      ).choices(["cuda"]),
    )
    .action(async (options: { json?: boolean; install?: "cuda" }) => {
      const output = open(options);
      if (options.install !== undefined) {
        const { installCuda } = await import("../host/node/ort/install-cuda.ts");
        const folder = await installCuda((line) => output.note(line));
        output.note(`CUDA's libraries are in ${folder}`);
      }
      const { examine, formatDoctor } = await import("../host/node/doctor.ts");
      const report = await examine();
      output.say(formatDoctor(report, wordRemedies));
      output.record(report);
      const { images } = report;
      if ("problem" in images) throw new UserError(`images cannot be read: ${images.problem}`);
      const cpu = report.devices.find((device) => device.device === "cpu");
      if (!cpu?.works) throw new UserError(`device cpu: ${cpu?.problem ?? "not in this build"}`);
    });
  return withExamples(
    command,
    "tag2mask doctor",
    "tag2mask doctor --json",
    "tag2mask doctor --install cuda",
  );
}
