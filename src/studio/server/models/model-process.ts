import { nodeHost } from "../../../host/node/host.ts";
import { answerQuestions } from "../asked-process.ts";
import { ModelWorker, type ModelWork } from "./model-work.ts";

/** Computes with models, in a process of its own. */
const worker = new ModelWorker(nodeHost);
answerQuestions((work: ModelWork) => worker.answer(work));
