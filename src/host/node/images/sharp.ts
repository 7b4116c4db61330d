import sharp from "sharp";

// Every image is decoded once: libvips' cache would only cost memory.
sharp.cache(false);

export { sharp };
