import { basename, dirname, join } from "node:path";
import type { Plugin } from "vite";

/** What the sources write to start a worker of their own beside themselves; bundlers look for these words. */
const started = /new Worker\(new URL\("(\.\/[\w-]+)\.js", import\.meta\.url\)/g;

/**
 * Workers that a worker starts become chunks of its own build instead of builds of their own, so that all share their code: the
 * graphs, the codecs and ONNX Runtime are sent once.
 */
export function oneWorkerBuild(): Plugin {
  const inner = new Set<string>();
  return {
    name: "one-worker-build",
    enforce: "pre",
    transform(code, id) {
      if (!id.endsWith(".ts") || !code.includes("new Worker(")) return;
      return code.replace(started, (_, path: string) => {
        const file = `${join(dirname(id), path)}.ts`;
        inner.add(file);
        const name = `${basename(dirname(file))}-${basename(file, ".ts")}`;
        const chunk = this.emitFile({ type: "chunk", id: file, name });
        return `new Worker(import.meta.ROLLUP_FILE_URL_${chunk}`;
      });
    },
    generateBundle(_, bundle) {
      // Vite takes the first chunk, by name, for the worker that the page starts.
      const [first] = Object.values(bundle);
      if (first?.type !== "chunk" || !inner.has(first.facadeModuleId ?? "")) return;
      throw new Error(
        `${first.fileName}: vite would start it instead of the worker that starts it; give that one a name before this in the alphabet`,
      );
    },
  };
}
