import { answer } from "./worker.ts";

await answer(() => ({}));
