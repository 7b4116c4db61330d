import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Subject } from "../subject.ts";
import { datasetSubjects } from "./datasets.ts";
import { inputSubjects } from "./inputs.ts";
import { maskSubjects } from "./masks.ts";
import { pictureSubjects } from "./pictures.ts";
import { runSubjects } from "./runs.ts";
import { weightsSubjects } from "./weights.ts";

/** All readers. @param work an empty folder for those who read from disk */
export async function makeSubjects(work: string): Promise<Subject[]> {
  const inside = (name: string): string => {
    mkdirSync(join(work, name));
    return join(work, name);
  };
  return [
    ...(await maskSubjects(inside("masks"))),
    ...(await pictureSubjects()),
    ...(await datasetSubjects(inside("data"))),
    ...(await inputSubjects(inside("inputs"))),
    ...weightsSubjects(inside("weights")),
    ...(await runSubjects(inside("runs"))),
  ];
}
