import type { WriteStream } from "../../../host/store.ts";
import { damagedShard } from "../../shards/records.ts";
import { join } from "../../text/path.ts";
import { formatFiles } from "../formats.ts";
import { bodyOf, copyPart, finishing, pathInShard, type MergeOptions } from "../merger.ts";
import { configurationFile, labelingConfiguration, tasksHead, tasksTail } from "./file-text.ts";

const fileName = formatFiles.labelstudio!;

/** Merges the tasks of Label Studio as they are, since their numbers are those of all images, and writes their configuration. */
export async function* mergeLabelStudio(options: MergeOptions): AsyncGenerator<void, void> {
  const file = await options.files.writeStream(join(options.folder, fileName));
  yield* finishing(file, copyTasks(options, file));
}

async function* copyTasks(options: MergeOptions, file: WriteStream): AsyncGenerator<void, void> {
  const { store, classes, shards, files } = options;
  await file.write(tasksHead);
  const configurations = [false, true].map((value) => labelingConfiguration(classes, value));
  let [isFirst, ignored] = [true, false];
  for (const shard of shards) {
    const tasks = pathInShard(options, shard, fileName);
    const configuration = await store.readText(configurationFile(tasks));
    if (!configurations.includes(configuration)) {
      const name = configurationFile(fileName);
      throw damagedShard(shard.folder, `${name} does not have the classes of the job`);
    }
    ignored ||= configuration === configurations[1];
    const body = await bodyOf(store, shard, tasks, tasksHead, [tasksTail]);
    if (body.end > body.start) {
      if (!isFirst) await file.write(",");
      isFirst = false;
      await copyPart(store, tasks, body, file);
    }
    yield;
  }
  await file.write(tasksTail);
  await files.write(configurationFile(file.path), labelingConfiguration(classes, ignored));
}
