import { Command } from "commander";
import { withExamples } from "../src/cli/options.ts";
import { compareParts, warnings, type Difference } from "./comparison.ts";
import { readReport, type Part, type Report } from "./report.ts";
import { memory, textGroup, time } from "./tables.ts";
import { runCommand } from "./run-command.ts";

async function compare(first: string, second: string): Promise<void> {
  const [a, b] = [await readReport(first), await readReport(second)];
  for (const warning of warnings(a, b)) process.stderr.write(`warning: ${warning}\n`);
  process.stdout.write(`A  ${describe(first, a)}\nB  ${describe(second, b)}\n\n${table(a, b)}\n`);
}

function describe(path: string, { machine }: Report): string {
  return `${path}: ${machine.date}, tag2mask ${machine.tag2mask}, ${machine.cpu}`;
}

function table(a: Report, b: Report): string {
  const rows = compareParts(a.parts, b.parts);
  const groups = [...new Set(rows.map(({ group }) => group))];
  const head = ["", "A", "B", "B / A", "", "RSS A", "RSS B"];
  return groups
    .map((group) => textGroup(group, head, rows.filter((r) => r.group === group).map(row)))
    .join("\n\n");
}

function row({ name, a, b, ratio, verdict }: Difference): string[] {
  const median = (part: Part | null): string => (part ? time(part.seconds.median) : "");
  const rss = (part: Part | null): string => (part?.rss ? memory(part.rss.median) : "");
  const factor = ratio === null ? "" : ratio.toFixed(2);
  return [name, median(a), median(b), factor, verdict, rss(a), rss(b)];
}

const command = new Command("compare")
  .description(
    "Shows two files of npm run bench -- --json side by side. A difference that is not larger than\n" +
      "the spread of the measurements, their middle half, is noise.",
  )
  .argument("<a>", "before")
  .argument("<b>", "after")
  .action(compare);
withExamples(command, "npx tsx bench/compare.ts before.json after.json");

await runCommand(command);
