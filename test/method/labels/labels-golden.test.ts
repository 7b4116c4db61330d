import { describe, expect, test } from "vitest";
import type { LabelMap } from "../../../src/method/images/image.ts";
import {
  affinityLabel,
  propagateAffinity,
  pseudoLabel,
  refineAffinityLabel,
  refinePseudoLabel,
} from "../../../src/method/labels/index.ts";
import { Par } from "../../../src/method/refine/par.ts";
import { resizeMaps } from "../../../src/method/images/resize-maps.ts";
import { pick } from "../../../src/method/labels/cam.ts";
import { refineInside } from "../../../src/method/labels/refined-labels.ts";
import { readGolden } from "../../golden.ts";
import {
  agreement,
  boxOf,
  classesOf,
  imageOf,
  labelsOf,
  mapsOf,
  maxError,
  scatter,
} from "./golden-maps.ts";

const golden = readGolden("labels");
const get = (name: string) => golden[name]!;
const low = 0.35;
const high = 0.55;
const allClasses = 5;
const levels = {
  ...get("image_denorm"),
  data: get("image_denorm").data.map((v) => Math.round(v * 255)),
};
const par = new Par({ iterations: 10 });

describe.each([0, 1])("golden labels of image %i", (i) => {
  // The image as the published code saw it: recovered from the normalized one by truncation.
  const image = imageOf(levels, i);
  const { width, height } = image;
  const box = boxOf(get("img_box"), i);
  const classes = classesOf(get("cls_label"), i);
  const channels = [0, ...classes.map((c) => c + 1)];
  const cam = pick(mapsOf(get("cam"), i), classes);
  const affinity = {
    width: 9,
    height: 9,
    data: mapsOf({ ...get("affinity"), shape: [2, 1, 81, 81] }, i).data,
  };
  const [walkedLow, walkedHigh] = propagateAffinity(cam, affinity, {
    backgrounds: [low, high],
    radius: 3,
  });

  test("valid CAM, and that at the size of the affinity's grid", () => {
    expect(maxError(scatter(cam, classes, allClasses), mapsOf(get("valid_cam"), i).data)).toBe(0);
    const small = scatter(resizeMaps(cam, 9, 9), classes, allClasses);
    expect(maxError(small, mapsOf(get("valid_cam_small"), i).data)).toBeLessThan(1e-6);
  });

  test("pseudo label for training and for evaluation", () => {
    const training = pseudoLabel(cam, classes, { low, high, box });
    expect(agreement(training.data, labelsOf(get("pseudo_label"), i))).toBe(1);
    const evaluation = pseudoLabel(cam, classes, { low: 0.45, high: 0.45 });
    expect(agreement(evaluation.data, labelsOf(get("pseudo_label_eval"), i))).toBe(1);
  });

  test("propagated CAM", () => {
    const all = allClasses + 1;
    const lowError = maxError(
      scatter(walkedLow!, channels, all),
      mapsOf(get("propagated.low"), i).data,
    );
    const highError = maxError(
      scatter(walkedHigh!, channels, all),
      mapsOf(get("propagated.high"), i).data,
    );
    expect(Math.max(lowError, highError)).toBeLessThan(1e-6);
  });

  test("propagated CAM refined inside the box", () => {
    for (const [name, walked] of [
      ["low", walkedLow!],
      ["high", walkedHigh!],
    ] as const) {
      const refined = refineInside(image, resizeMaps(walked, width, height), { par, box });
      const whole = new Float32Array(6 * width * height);
      const [y0, y1, x0, x1] = box;
      for (const [k, channel] of channels.entries()) {
        for (let y = y0; y < y1; y++) {
          for (let x = x0; x < x1; x++) {
            whole[(channel * height + y) * width + x] =
              refined.data[(k * (y1 - y0) + y - y0) * (x1 - x0) + x - x0]!;
          }
        }
      }
      const error = maxError(whole, mapsOf(get(`refined_cam.${name}`), i).data);
      expect(error).toBeLessThan(1e-5);
    }
  });

  test("refined affinity label", () => {
    const maps = { low: walkedLow!, high: walkedHigh! };
    const labels = refineAffinityLabel(image, maps, classes, { par, box });
    expect(agreement(labels.data, labelsOf(get("refined_affinity_label"), i))).toBe(1);
  });

  test("refined pseudo label, and the affinity label from it", () => {
    const labels = refinePseudoLabel(image, cam, classes, { low, high, par, box });
    expect(agreement(labels.data, labelsOf(get("refined_pseudo_label"), i))).toBe(1);
    const pairs = affinityLabel(labels, { stride: 16, radius: 2 });
    expect(agreement(pairs.data, labelsOf(get("affinity_label"), i))).toBe(1);
    expect(pairs.positives).toBe(pairs.data.filter((value) => value === 1).length);
    expect(pairs.negatives).toBe(pairs.data.filter((value) => value === 0).length);
  });
});

test.each([
  [3, 9],
  [2, 6],
])("golden mask of radius %i", (radius, side) => {
  const labels: LabelMap = { width: side, height: side, data: new Uint8Array(side * side) };
  const mask = affinityLabel(labels, { stride: 1, radius }).data.map((pair) =>
    pair === 1 ? 1 : 0,
  );
  expect([...mask]).toEqual([...get(`radius_mask.r${radius}`).data]);
});
