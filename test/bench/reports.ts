import { combine } from "../../bench/combine.ts";
import type { JobResult, PartSample } from "../../bench/job.ts";
import type { Machine } from "../../bench/machine.ts";
import type { Report } from "../../bench/report.ts";

export const machine: Machine = {
  ...{ cpu: "Abacus 1", cores: 2, memory: 16e9, system: "linux x64", load: 0 },
  ...{ node: "20.20.0", onnxruntime: "1.30.0", tag2mask: "0.1.0", date: "2026-01-02T03:04:05Z" },
};

export function sample(name: string, seconds: number[], more: Partial<PartSample> = {}) {
  return { name, seconds, rss: null, operations: null, ...more };
}

export function jobResult(group: string, parts: PartSample[], foreignLoad = 0): JobResult {
  return { group, parts, foreignLoad };
}

/** Two rounds: 100 operations in 1 s at best, and a step of 50 of them with labels. */
export function report(step: readonly number[], more: Partial<Machine> = {}): Report {
  const counted = { operations: { matrix: 50, total: 60 } };
  const product = (seconds: number[]): PartSample =>
    sample("10 × 5 × 1", seconds, { operations: { matrix: 100, total: 100 } });
  return combine({ ...machine, ...more }, 2, [
    {
      ...{ threads: 2, isPeak: true },
      rounds: [
        jobResult("matrix product", [product([2, 1])]),
        jobResult("matrix product", [product([4])]),
      ],
    },
    {
      ...{ threads: 2, isPeak: false },
      rounds: step.map((seconds, i) =>
        jobResult("mit_b1/320/2, 13.7 M parameters", [
          sample("whole step", [seconds], { ...counted, rss: 1e9 + i * 1e8 }),
          sample("labels", [seconds / 10]),
        ]),
      ),
    },
  ]);
}
