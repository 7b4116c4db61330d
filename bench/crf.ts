import { parseArgs } from "node:util";
import { readImage } from "../src/host/node/images/codec.ts";
import type { Image } from "../src/method/images/image.ts";
import { drawnImage, timeCrf } from "./crf-timing.ts";

// Times the dense CRF of one image on one core, against pixels and classes, on a drawn picture or a
// photograph given with --image.
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    iterations: { type: "string", default: "10" },
    noise: { type: "string", default: "2" },
    image: { type: "string" },
  },
});
const [runs, iterations, noise] = [values.runs, values.iterations, values.noise].map(Number) as [
  number,
  number,
  number,
];

function measure(image: Image, classes: number): void {
  const { seconds, userSeconds, bytes } = timeCrf(image, classes, { runs, iterations });
  const ms = (value: number): string => `${(1000 * value).toFixed(0)} ms`;
  const mb = (value: number): string => `${(value / 1e6).toFixed(0)} MB`;
  process.stdout.write(
    `${image.width} x ${image.height}, ${classes} classes: ${ms(seconds)}, user ${ms(userSeconds)}; ` +
      `kernel memory ${mb(bytes.kernel)}, arrays ${mb(bytes.arrays)}\n`,
  );
}

if (values.image) {
  const image = await readImage(values.image);
  for (const classes of [2, 21]) measure(image, classes);
} else {
  for (const [width, height, classes] of [
    [250, 188, 21],
    [500, 375, 2],
    [500, 375, 21],
    [500, 375, 81],
    [1000, 750, 21],
  ] as const) {
    measure(drawnImage(width, height, noise), classes);
  }
}
