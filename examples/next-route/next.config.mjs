/** @type {import("next").NextConfig} */
export default {
  // Loaded from node_modules as they are: native code and worker files are found beside their modules.
  serverExternalPackages: ["tag2mask", "sharp", "onnxruntime-common"],
};
