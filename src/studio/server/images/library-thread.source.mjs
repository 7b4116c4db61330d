// Entry of the thread of the images when tag2mask runs from its TypeScript sources: tsx does not reach into threads by itself.
import { register } from "tsx/esm/api";

register();
await import("./library-thread.ts");
