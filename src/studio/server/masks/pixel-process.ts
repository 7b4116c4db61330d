import { nodeCodec } from "../../../host/node/images/codec.ts";
import { answerQuestions } from "../asked-process.ts";
import { workOnPixels, type PixelWork } from "./pixel-work.ts";

/** Does the work of a `PixelWorker` in a process of its own, one piece after the other. */
answerQuestions((work: PixelWork) => workOnPixels(nodeCodec, work));
