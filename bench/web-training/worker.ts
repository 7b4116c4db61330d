import { webOrt } from "../../src/host/web/ort/ort.ts";
import { answerTasks } from "../../test/browser/answer-tasks.ts";
import { trainScenes, type SceneTraining } from "./train-scenes.ts";

const host = webOrt({ files: "/ort" });

answerTasks({
  threads: () => host.threadsNote,
  async train(options: SceneTraining) {
    return trainScenes(await host.runtime(), options, () => performance.now() / 1000);
  },
});
