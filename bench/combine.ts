import type { JobResult, PartSample } from "./job.ts";
import type { Machine } from "./machine.ts";
import { reportSchema, type Part, type Peak, type Report } from "./report.ts";
import { summarize } from "./summary.ts";

/** Measurements of one job by all its processes. */
export interface JobResults {
  /** Threads of ONNX Runtime. */
  readonly threads: number;
  /** True for the matrix products, whose fastest is the peak. */
  readonly isPeak: boolean;
  /** One result for each round, at least one. */
  readonly rounds: readonly JobResult[];
}

/** The figures of all rounds as one report. */
export function combine(machine: Machine, threads: number, jobs: readonly JobResults[]): Report {
  const peaks = jobs.filter(({ isPeak }) => isPeak).map(peakOf);
  const parts = jobs.flatMap((job) => partsOf(job, peaks));
  const loads = jobs.flatMap(({ rounds }) =>
    rounds.flatMap(({ foreignLoad }) => foreignLoad ?? []),
  );
  return {
    schema: reportSchema,
    ...{ machine: { ...machine }, threads, peaks, parts },
    foreignLoad: summarize(loads.length > 0 ? loads : [0]),
  };
}

/** The fastest product of all rounds: what the machine can do when nothing disturbs it. */
function peakOf({ threads, rounds }: JobResults): Peak {
  const rates = rounds.flatMap(({ parts }) =>
    parts.map(({ name, seconds, operations }) => ({
      threads,
      shape: name,
      rate: operations!.matrix / Math.min(...seconds),
    })),
  );
  return rates.reduce((best, peak) => (peak.rate > best.rate ? peak : best));
}

function partsOf({ threads, rounds }: JobResults, peaks: readonly Peak[]): Part[] {
  const peak = peaks.find((p) => p.threads === threads)?.rate;
  return rounds[0]!.parts.map(({ name, operations }) => {
    const samples = rounds.flatMap(({ parts }): PartSample[] =>
      parts.filter((part) => part.name === name),
    );
    const seconds = summarize(samples.flatMap((sample) => sample.seconds));
    const sizes = samples.flatMap(({ rss }) => rss ?? []);
    const rate = operations && operations.matrix / seconds.median;
    return {
      group: rounds[0]!.group,
      name,
      seconds,
      operations,
      rate,
      rss: sizes.length > 0 ? summarize(sizes) : null,
      peakShare: rate !== null && peak !== undefined ? rate / peak : null,
    };
  });
}
