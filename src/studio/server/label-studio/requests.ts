import { z } from "zod";

/** What Label Studio sends, in the parts that are of use; it sends more, and other versions of it other things. */
const project = z.union([z.string(), z.number()]).transform(String);

/** POST /setup: sent when the model is connected, and again before predictions are asked for. */
export const setupRequest = z.object({
  project,
  /** The labeling configuration. */
  schema: z.string(),
  hostname: z.string().nullish(),
  access_token: z.string().nullish(),
});
export type SetupRequest = z.output<typeof setupRequest>;

/** Most tasks of a request. */
const mostTasks = 1000;

/** POST /predict */
export const predictRequest = z.object({
  // Each task is looked at by itself, so that one that is not as expected does not take the others with it.
  tasks: z.array(z.unknown()).max(mostTasks),
  project: project.nullish(),
  label_config: z.string().nullish(),
  // Where a tool was used in an image, the context has what was painted.
  params: z.object({ context: z.unknown().optional() }).nullish(),
});
export type PredictRequest = z.output<typeof predictRequest>;

const fields = z.record(z.string(), z.unknown());

const result = z.object({
  type: z.unknown().optional(),
  from_name: z.unknown().optional(),
  value: z.object({ choices: z.unknown().optional() }).nullish(),
});

export const taskSchema = z.object({
  id: z.union([z.string(), z.number()]).nullish(),
  data: fields,
  meta: fields.nullish().catch(null),
  annotations: z
    .array(
      z.object({
        was_cancelled: z.unknown().optional(),
        result: z.array(result).nullish().catch(null),
      }),
    )
    .nullish()
    .catch(null),
});
export type Task = z.output<typeof taskSchema>;
