/** Kinds of files that may be photographs; what is none shows when it is read. */
export const photoFiles = "image/*,.ppm,.pgm";
export const modelFiles = ".onnx,.safetensors";
