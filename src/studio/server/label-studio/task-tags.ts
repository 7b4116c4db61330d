import { classIndex } from "../../../files/formats/label-studio/matched-labels.ts";
import { UserError } from "../../../user-error.ts";
import type { Task } from "./requests.ts";

/** Classes that are known to be in an image. */
export interface TaskTags {
  /** From 0. */
  readonly classes: readonly number[];
  /** Tags that are no class of the model. */
  readonly unknown: readonly string[];
}

/**
 * The tags that a task has: choices of its latest annotation if a class is among them, or else the field `tags` of its data or its
 * meta data, as a list or with commas or semicolons between. Undefined where it has none. A UserError if the model knows none of
 * its tags.
 * @param choices names of the lists of choices that belong to the image
 */
export function taskTags(
  task: Task,
  choices: readonly string[],
  classes: readonly string[],
): TaskTags | undefined {
  const annotated = (task.annotations ?? [])
    .filter(({ was_cancelled }) => was_cancelled !== true)
    .map(({ result }) => result ?? []);
  for (const results of annotated.reverse()) {
    const chosen = results
      .filter(
        ({ type, from_name }) => type === "choices" && choices.some((name) => name === from_name),
      ) // prettier-ignore
      .flatMap(({ value }) => namesOf(value?.choices));
    // Other lists of choices are about something else, such as the quality of the image.
    const tags = matched(chosen, classes);
    if (tags.classes.length > 0) return { ...tags, unknown: [] };
  }
  const names = [task.data["tags"], task.meta?.["tags"]]
    .map((value) => namesOf(value, classes))
    .find((list) => list.length > 0);
  if (names === undefined) return undefined;
  const tags = matched(names, classes);
  if (tags.classes.length > 0) return tags;
  throw new UserError(
    `tags: the model knows none of "${names.join(", ")}"; its classes are ${classes.join(", ")}`,
  );
}

function matched(names: readonly string[], classes: readonly string[]): TaskTags {
  const found = names.map((name) => classIndex(name, classes)?.index);
  return {
    classes: [...new Set(found.filter((index) => index !== undefined))],
    unknown: names.filter((_, i) => found[i] === undefined),
  };
}

/** @param classes names that may have commas or semicolons in them */
function namesOf(value: unknown, classes: readonly string[] = []): string[] {
  if (Array.isArray(value)) {
    return value.filter((name): name is string => typeof name === "string" && name.trim() !== "");
  }
  if (typeof value !== "string" || value.trim() === "") return [];
  if (classIndex(value, classes)) return [value];
  return value.split(/[,;]/).filter((name) => name.trim() !== "").map((name) => name.trim()); // prettier-ignore
}
