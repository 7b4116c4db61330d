import type { ValidationPanel } from "../../../src/method/eval/evaluator.ts";
import type { LabelMap } from "../../../src/method/images/image.ts";
import { Random } from "../../../src/engine/random.ts";
import type { TrainEvent, TrainingState } from "../../../src/method/train/events.ts";

export interface FakeRun {
  readonly steps: number;
  readonly classes: readonly string[];
  readonly panels: (step: number) => readonly ValidationPanel[];
  /** First step to make. */
  readonly from?: number;
  readonly validateEvery?: number;
  readonly checkpointEvery?: number;
}

/** State after so many steps: a function of the step alone, as with a training that repeats exactly. */
export function fakeState(step: number, classes: readonly string[] = []): TrainingState {
  const values = Float32Array.from({ length: 5000 }, (_, i) => step + i / 5000);
  return {
    step,
    tensors: {
      "decoder.weight": { dtype: "float32", shape: [50, 100], data: values },
      "optimizer.m.decoder.weight": { dtype: "float32", shape: [50, 100], data: values.slice() },
    },
    metadata: { step: String(step), classes: JSON.stringify(classes) },
  };
}

/** The events of a training, with curves as they look in life; each event depends on its step alone. */
export function* fakeTraining(run: FakeRun): Generator<TrainEvent> {
  const { steps, classes, panels, from = 0, validateEvery = 100, checkpointEvery = 100 } = run;
  yield { type: "start", step: from, steps, parameters: 261_000, classes };
  for (let step = from; step < steps; step++) {
    const random = Random.at(1, "fake", step);
    const part = step / steps;
    const phase = part < 0.2 ? "classification" : part < 0.5 ? "pseudo" : "affinity";
    const noise = (): number => 1 + 0.25 * random.normal() * Math.exp(-part);
    const cls = 0.08 + 0.6 * Math.exp(-6 * part) * noise();
    const seg = phase === "classification" ? null : 0.25 + 1.1 * Math.exp(-4 * part) * noise();
    const affinity = phase === "classification" ? null : 0.18 + 0.3 * Math.exp(-3 * part) * noise();
    const labels = phase === "classification" ? 0.002 : 0.06 + 0.01 * random.next();
    const seconds = { data: 0.004, cam: 0.09, labels, network: 0.21, optimizer: 0.012 };
    yield {
      type: "step",
      step,
      steps,
      losses: {
        cls,
        seg,
        affinity,
        energy: null,
        total: cls + 0.1 * ((seg ?? 0) + (affinity ?? 0)),
      },
      learningRate: 6e-3 * (1 - part),
      phase,
      images: 8,
      seconds: { ...seconds, total: 0.006 + Object.values(seconds).reduce((a, b) => a + b) },
    };
    const made = step + 1;
    if (made % validateEvery === 0 || made === steps) {
      const rise = 1 - Math.exp((-3 * made) / steps);
      const perClass = (best: number): number[] =>
        Array.from({ length: classes.length + 1 }, (_, c) => rise * (best - 0.06 * ((c * 7) % 4)));
      const scores = { cam: perClass(0.72), affinityCam: perClass(0.8), seg: perClass(0.93) };
      const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;
      yield {
        type: "validation",
        step: made,
        metrics: {
          cam: mean(scores.cam),
          affinityCam: mean(scores.affinityCam),
          seg: mean(scores.seg),
          tagF1: 0.6 + 0.38 * rise,
        },
        perClass: scores,
        skipped: [],
        panels: panels(made),
      };
    }
    if (made % checkpointEvery === 0 || made === steps) {
      yield {
        type: "checkpoint",
        step: made,
        state: fakeState(made, classes),
        best: made % (2 * checkpointEvery) === 0,
      };
    }
  }
  yield { type: "done", step: steps };
}

/** A panel of a gray image with a square of class 1 and a frame to be ignored. */
export function squarePanel(name: string, width = 24, height = 16): ValidationPanel {
  const panel = panelWithoutTruth(name, width, height);
  return { ...panel, truth: panel.prediction };
}

/** The same panel of an image that has no mask. */
export function panelWithoutTruth(name: string, width = 24, height = 16): ValidationPanel {
  const map = (label: (x: number, y: number) => number): LabelMap => {
    const at = (_: unknown, i: number): number => label(i % width, Math.floor(i / width));
    return { width, height, data: Uint8Array.from({ length: width * height }, at) };
  };
  const square = map((x, y) => (x > 4 && x < 12 && y > 4 && y < 12 ? 1 : 0));
  return {
    name,
    image: { width, height, data: new Uint8Array(width * height * 3).fill(120) },
    tags: [0],
    heat: { width: 3, height: 2, data: Float32Array.of(0, 0.5, 0, 1, 0.2, 0) },
    cam: square,
    affinityCam: square,
    label: map((x, y) => (x === 0 || y === 0 ? 255 : square.data[y * width + x]!)),
    prediction: square,
  };
}
