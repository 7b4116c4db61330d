import { generateScene, type Scene, type SceneOptions } from "../../../method/data/scenes.ts";
import { moved } from "./moved.ts";

/** Entry of the worker threads of `writeScenes`; pixels move to the main thread without being copied. */
export default function make(options: SceneOptions): Scene {
  const scene = generateScene(options);
  return moved(scene, [scene.image.data, scene.mask.data]);
}
