import {
  maskFindings,
  percent,
  type LabelCounts,
  type MaskFinding,
} from "../files/formats/label-counts.ts";
import { listNames } from "../files/text/list-names.ts";
import type { ConfusionMatrix } from "../method/eval/metrics.ts";

/** Most classes that a finding names. */
const mostNames = 8;

/** Mean IoU over the classes of the truth; NaN if that shows nothing but background, where the mean would say nothing. */
export function meanIouOfClasses(matrix: ConfusionMatrix): number {
  const shown = truthPixels(matrix).map((pixels) => pixels > 0);
  return shown.some((isShown, c) => isShown && c > 0) ? matrix.meanIou() : NaN;
}

/**
 * Findings about true masks that a reader of the scores has to know: classes that no true mask shows and that the mean
 * therefore leaves out, ignored pixels, masks without a labeled pixel.
 * @param truth counts of the true masks
 * @param folder the true masks
 */
export function scoreFindings(
  matrix: ConfusionMatrix,
  classes: readonly string[],
  truth: LabelCounts,
  folder: string,
): MaskFinding[] {
  const findings = maskFindings(truth, classes, folder).map((finding) => ({
    ...finding,
    message: `${folder}: ${finding.message}`,
  }));
  const pixels = truthPixels(matrix);
  const absent = classes.filter((_, c) => pixels[c + 1] === 0);
  if (absent.length === classes.length && classes.length > 0) {
    findings.push({
      message: `no true mask shows a class, only background${truth.ignoredShare > 0 ? " and ignored pixels" : ""}; there is no mean`,
    });
  } else if (absent.length > 0) {
    const shown = classes.length + 1 - absent.length;
    findings.push({
      message: `the mean is over ${shown} of ${classes.length + 1} classes: no true mask shows ${listNames(absent, mostNames)}`,
    });
  }
  if (truth.ignoredShare > 0) {
    findings.push({
      message: `${percent(truth.ignoredShare)} of the true pixels are ignored (255): neither right nor wrong`,
    });
  }
  return findings;
}

/** A finding about classes that are never right although others are, as if the two sides numbered classes differently. */
export function neverRight(matrix: ConfusionMatrix, classes: readonly string[]): MaskFinding[] {
  const accuracies = matrix.accuracies();
  const rows = matrix.rows();
  if (!accuracies.some((accuracy) => accuracy > 0)) return [];
  const names = ["background", ...classes];
  const wrong = classes.flatMap((name, c) => {
    if (accuracies[c + 1] !== 0) return [];
    const row = rows[c + 1]!;
    const most = row.indexOf(Math.max(...row));
    return [`${name} (mostly ${names[most]})`];
  });
  if (wrong.length === 0) return [];
  return [
    {
      message:
        `never right although others are: ${listNames(wrong, mostNames)}; ` +
        "do masks and truth number the classes in the same order?",
    },
  ];
}

function truthPixels(matrix: ConfusionMatrix): number[] {
  return matrix.rows().map((row) => row.reduce((a, b) => a + b, 0));
}
