import { describe, expect, test } from "vitest";
import { LabelCounts, maskFindings } from "../../src/files/formats/label-counts.ts";
import { meanIouOfClasses, neverRight, scoreFindings } from "../../src/jobs/score-warnings.ts";
import { ConfusionMatrix } from "../../src/method/eval/metrics.ts";

function measured(truth: number[], prediction: number[], size = 3) {
  const matrix = new ConfusionMatrix(size);
  matrix.add(Uint8Array.from(truth), Uint8Array.from(prediction));
  const counts = new LabelCounts();
  counts.add("a", Uint8Array.from(truth));
  return { matrix, counts };
}
const messagesOf = (truth: number[], prediction: number[]): string[] => {
  const { matrix, counts } = measured(truth, prediction);
  return scoreFindings(matrix, ["cat", "dog"], counts, "t").map(({ message }) => message);
};

describe("scores", () => {
  test("have no mean where the truth shows nothing but background", () => {
    expect(meanIouOfClasses(measured([0, 0, 255], [0, 0, 1]).matrix)).toBeNaN();
    expect(meanIouOfClasses(measured([0, 1], [0, 1]).matrix)).toBe(1);
  });

  test("say which classes the truth lacks, and what is ignored", () => {
    expect(messagesOf([0, 1, 1, 255], [0, 1, 1, 0])).toEqual([
      "the mean is over 2 of 3 classes: no true mask shows dog",
      "25.0 % of the true pixels are ignored (255): neither right nor wrong",
    ]);
    expect(messagesOf([0, 1, 2], [0, 1, 2])).toEqual([]);
    expect(messagesOf([255, 255], [0, 1])[0]).toMatch(/1 of 1 mask has no labeled pixel.*: a$/);
    expect(messagesOf([0, 255], [0, 1]).join()).toMatch(/0 and 255.*shows a class.*no mean/);
  });

  test("name classes that are never right, as where two are swapped", () => {
    const swapped = measured([0, 1, 1, 2], [0, 2, 2, 1]).matrix;
    expect(neverRight(swapped, ["cat", "dog"])[0]!.message).toMatch(
      /^never right although others are: cat \(mostly dog\), dog \(mostly cat\); /,
    );
    expect(neverRight(measured([0, 1, 2], [0, 1, 2]).matrix, ["cat", "dog"])).toEqual([]);
  });
});

test("binary masks come with the conversion that makes 255 the class", () => {
  const { counts } = measured([0, 255, 255, 255], [0, 0, 0, 0]);
  const [finding] = maskFindings(counts, ["road"], "set/masks/");
  expect(finding).toMatchObject({
    message: expect.stringMatching(/values 0 and 255.*75\.0 % .*ignored/) as string,
    remedies: [{ name: "convert", options: { binary: true, classes: "road", out: "set/masks-binary" } }], // prettier-ignore
  });
  expect(maskFindings(counts, ["road"], undefined)).toEqual([]);
  counts.add("b", Uint8Array.of(1));
  expect(maskFindings(counts, ["road"], "set/masks")).toEqual([]);
});
